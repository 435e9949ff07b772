// What the owner of the mesh decides.

import type { FastifyInstance } from 'fastify'
import { readPeer } from './fields.ts'
import type { MeshTrust } from './mesh.ts'
import { scope } from './scope.ts'

export function addTrustRoutes(app: FastifyInstance, trust: MeshTrust): void {
  app.post('/writers', scope.admin, async (request) => trust.addWriter(readPeer(request.body)))

  app.post('/vouch', scope.admin, async (request) => {
    await trust.vouch(readPeer(request.body))
    return {}
  })
}
