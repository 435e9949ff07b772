// The routes of a peer, a file for each room. Each reads its request, asks the peer and answers; a thrown error becomes a
// status and a body in one place (server.ts).

import type { FastifyInstance } from 'fastify'
import { addContentRoutes } from './content-routes.ts'
import type { MeshNode } from './mesh.ts'
import type { OpenRequests } from './open-requests.ts'
import { addPinRoutes } from './pin-routes.ts'
import { sendLines } from './send-lines.ts'
import { addTrustRoutes } from './trust-routes.ts'

export function addRoutes(app: FastifyInstance, node: MeshNode, open: OpenRequests, stop: () => void): void {
  app.get('/id', async () => node.info())
  app.get('/peers', async () => ({ peers: node.peers() }))

  app.get('/notes', (_request, reply) => {
    const signal = open.signal(reply.raw, true)
    return sendLines(reply, signal, node.notes(signal), true)
  })

  addPinRoutes(app, node.pins, open)
  addContentRoutes(app, node.content, open)
  addTrustRoutes(app, node.trust)

  app.post('/stop', async (request, reply) => {
    reply.raw.once('close', stop)
    reply.header('connection', 'close')
    await node.stop()
    return {}
  })
}
