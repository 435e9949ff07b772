// What the owner of the mesh decides.

import type { FastifyInstance } from 'fastify'
import { readPeer } from './fields.ts'
import type { MeshTrust } from './mesh.ts'

export function addTrustRoutes(app: FastifyInstance, trust: MeshTrust): void {
  app.post('/writers', async (request) => trust.addWriter(readPeer(request.body)))

  app.post('/vouch', async (request) => {
    await trust.vouch(readPeer(request.body))
    return {}
  })
}
