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
  addWriterRoutes(app, trust)
  addPeerRoutes(app, trust)
  addInviteRoutes(app, trust)
  addLimboRoutes(app, trust, open)

  app.post('/root-key/reload', scope.admin, async () => {
    await trust.reloadRoot()
    return {}
  })

  app.post('/root-key/rotate', scope.admin, async (request) => {
    await trust.rotateRoot(readRoot(request.body))
    return {}
  })

  app.get('/policy', scope.read, async () => trust.policy())

  app.post('/policy', scope.admin, async (request) => {
    const { change, options } = readPolicy(request.body)
    return trust.setPolicy(change, options)
  })
}

function addWriterRoutes(app: FastifyInstance, trust: MeshTrust): void {
  app.get('/writers', scope.read, async () => ({ writers: await trust.writers() }))

  app.post('/writers', scope.admin, async (request) => {
    const { peer, options, fields } = readOfPeer(request.body, ['mayInvite'])
    return trust.addWriter(peer, { ...options, mayInvite: readBoolean(fields.mayInvite, 'mayInvite') ?? false })
  })

  app.post('/writers/remove', scope.admin, async (request) => {
    const { peer, options, fields } = readOfPeer(request.body, ['adopt'])
    return trust.removeWriter(peer, { ...options, adopt: readBoolean(fields.adopt, 'adopt') ?? false })
  })
}

function addPeerRoutes(app: FastifyInstance, trust: MeshTrust): void {
  app.post('/vouch', scope.admin, async (request) => {
    const { peer, options } = readOfPeer(request.body)
    await trust.vouch(peer, options)
    return {}
  })

  app.post('/withdraw', scope.admin, async (request) => {
    const { peer, options } = readOfPeer(request.body)
    await trust.withdraw(peer, options)
    return {}
  })

  app.post('/peers/remove', scope.admin, async (request) => {
    const { peer, options } = readOfPeer(request.body)
    await trust.removePeer(peer, options)
    return {}
  })
}

function addInviteRoutes(app: FastifyInstance, trust: MeshTrust): void {
  app.post('/invites', scope.admin, async (request) => trust.invite(readInviteRequest(request.body)))

  app.get('/invites', scope.read, async () => ({ invites: await trust.invitations() }))

  app.post('/invites/end', scope.admin, async (request) => {
    const { which, options } = readEndInvitation(request.body)
    await trust.endInvitation(which, options)
    return {}
  })
}

function addLimboRoutes(app: FastifyInstance, trust: MeshTrust, open: OpenRequests): void {
  app.get('/limbo', scope.read, (_request, reply) => sendLines(reply, open.signal(reply.raw), trust.limbo()))

  app.post('/limbo/adopt', scope.pin, async (request) => trust.adoptLimbo(readAdoption(request.body)))

  app.post('/limbo/drop', scope.admin, async (request) => {
    const { peer, options } = readDrop(request.body)
    return trust.dropLimbo(peer, options)
  })
}
