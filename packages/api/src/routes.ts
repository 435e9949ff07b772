// The routes of a peer, a file for each room. Each reads its request, asks the peer and answers; a thrown error becomes a
// status and a body in one place (server.ts).

import type { FastifyInstance } from 'fastify'
import type { MeshConfig } from './config.ts'
import { addConfigRoutes } from './config-routes.ts'
import { addContentRoutes } from './content-routes.ts'
import { addLeaveRoutes } from './leave-routes.ts'
import type { MeshNode } from './mesh.ts'
import type { OpenRequests } from './open-requests.ts'
import { addPinRoutes } from './pin-routes.ts'
import { scope } from './scope.ts'
import { sendLines } from './send-lines.ts'
import { addTokenRoutes } from './token-routes.ts'
import type { MeshTokens } from './tokens.ts'
import { addTrustRoutes } from './trust-routes.ts'

export interface RouteParts {
  readonly node: MeshNode
  readonly tokens: MeshTokens
  readonly config: MeshConfig | undefined
  readonly open: OpenRequests
  /** Stops the server. */
  readonly stop: () => void
}

export function addRoutes(app: FastifyInstance, { node, tokens, config, open, stop }: RouteParts): void {
  app.get('/id', scope.read, async () => node.info())
  app.get('/peers', scope.read, async () => ({ peers: node.peers() }))

  app.get('/notes', scope.read, (_request, reply) => {
    const signal = open.signal(reply.raw, true)
    return sendLines(reply, signal, node.notes({ signal }), true)
  })

  addLeaveRoutes(app, node, open)
  addPinRoutes(app, node.pins, open)
  addContentRoutes(app, node.content, open)
  addTrustRoutes(app, node.trust, open)
  addTokenRoutes(app, tokens)
  if (config !== undefined) addConfigRoutes(app, config)

  app.post('/stop', scope.admin, async (request, reply) => {
    reply.raw.once('close', stop)
    reply.header('connection', 'close')
    await node.stop()
    return {}
  })
}
