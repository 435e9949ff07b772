// What the owner of the mesh decides.

import type { FastifyInstance } from 'fastify'
import { readBoolean } from './fields.ts'
import type { MeshTrust } from './mesh.ts'
import type { OpenRequests } from './open-requests.ts'
import { scope } from './scope.ts'
import { sendLines } from './send-lines.ts'
import {
  readAdoption,
  readDrop,
  readEndInvitation,
  readInviteRequest,
  readOfPeer,
  readPolicy,
  readRoot
} from './trust-requests.ts'

export function addTrustRoutes(app: FastifyInstance, trust: MeshTrust, open: OpenRequests): void {
  addWriterRoutes(app, trust, open)
  addPeerRoutes(app, trust, open)
  addInviteRoutes(app, trust, open)
  addLimboRoutes(app, trust, open)

  app.post('/root-key/reload', scope.admin, async (_request, reply) => {
    await trust.reloadRoot({ signal: open.signal(reply.raw) })
    return {}
  })

  app.post('/root-key/rotate', scope.admin, async (request, reply) => {
    await trust.rotateRoot({ ...readRoot(request.body), signal: open.signal(reply.raw) })
    return {}
  })

  app.get('/policy', scope.read, async (_request, reply) => trust.policy({ signal: open.signal(reply.raw) }))

  app.post('/policy', scope.admin, async (request, reply) => {
    const { change, options } = readPolicy(request.body)
    return trust.setPolicy(change, { ...options, signal: open.signal(reply.raw) })
  })
}

function addWriterRoutes(app: FastifyInstance, trust: MeshTrust, open: OpenRequests): void {
  app.get('/writers', scope.read, async (_request, reply) => ({
    writers: await trust.writers({ signal: open.signal(reply.raw) })
  }))

  app.post('/writers', scope.admin, async (request, reply) => {
    const { peer, options, fields } = readOfPeer(request.body, ['mayInvite'])
    const mayInvite = readBoolean(fields.mayInvite, 'mayInvite') ?? false
    return trust.addWriter(peer, { ...options, mayInvite, signal: open.signal(reply.raw) })
  })

  app.post('/writers/remove', scope.admin, async (request, reply) => {
    const { peer, options, fields } = readOfPeer(request.body, ['adopt'])
    const adopt = readBoolean(fields.adopt, 'adopt') ?? false
    return trust.removeWriter(peer, { ...options, adopt, signal: open.signal(reply.raw) })
  })
}

function addPeerRoutes(app: FastifyInstance, trust: MeshTrust, open: OpenRequests): void {
  app.post('/vouch', scope.admin, async (request, reply) => {
    const { peer, options } = readOfPeer(request.body)
    await trust.vouch(peer, { ...options, signal: open.signal(reply.raw) })
    return {}
  })

  app.post('/withdraw', scope.admin, async (request, reply) => {
    const { peer, options } = readOfPeer(request.body)
    await trust.withdraw(peer, { ...options, signal: open.signal(reply.raw) })
    return {}
  })

  app.post('/peers/remove', scope.admin, async (request, reply) => {
    const { peer, options } = readOfPeer(request.body)
    await trust.removePeer(peer, { ...options, signal: open.signal(reply.raw) })
    return {}
  })
}

function addInviteRoutes(app: FastifyInstance, trust: MeshTrust, open: OpenRequests): void {
  app.post('/invites', scope.admin, async (request, reply) =>
    trust.invite(readInviteRequest(request.body), { signal: open.signal(reply.raw) })
  )

  app.get('/invites', scope.read, async (_request, reply) => ({
    invites: await trust.invitations({ signal: open.signal(reply.raw) })
  }))

  app.post('/invites/end', scope.admin, async (request, reply) => {
    const { which, options } = readEndInvitation(request.body)
    await trust.endInvitation(which, { ...options, signal: open.signal(reply.raw) })
    return {}
  })
}

function addLimboRoutes(app: FastifyInstance, trust: MeshTrust, open: OpenRequests): void {
  app.get('/limbo', scope.read, (_request, reply) => {
    const signal = open.signal(reply.raw)
    return sendLines(reply, signal, trust.limbo({ signal }))
  })

  app.post('/limbo/adopt', scope.pin, async (request, reply) =>
    trust.adoptLimbo(readAdoption(request.body), { signal: open.signal(reply.raw) })
  )

  app.post('/limbo/drop', scope.admin, async (request, reply) => {
    const { peer, options } = readDrop(request.body)
    return trust.dropLimbo(peer, { ...options, signal: open.signal(reply.raw) })
  })
}
