// Leaving: begun and watched, or taken back.

import type { FastifyInstance } from 'fastify'
import { allow, readBoolean, readObject } from './fields.ts'
import type { MeshLeave } from './mesh.ts'
import type { OpenRequests } from './open-requests.ts'
import { scope } from './scope.ts'
import { sendLines } from './send-lines.ts'

export function addLeaveRoutes(app: FastifyInstance, node: MeshLeave, open: OpenRequests): void {
  app.post('/leave', scope.admin, (request, reply) => {
    const force = readForce(request.body)
    const signal = open.signal(reply.raw, true)
    return sendLines(reply, signal, node.leave({ force, signal }))
  })

  app.post('/stay', scope.admin, async (_request, reply) => {
    await node.stay({ signal: open.signal(reply.raw) })
    return {}
  })
}

function readForce(body: unknown): boolean {
  const fields = readObject(body ?? {}, 'The body')
  allow(fields, ['force'])
  return readBoolean(fields.force, 'force') ?? false
}
