// How long a client may take: to send the head of a request, and a body that is not a stream of content. Whoever dribbles
// bytes holds a connection, and there are only so many.

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { frameType } from './frame-writer.ts'
import { MeshError } from './mesh.ts'

export interface Patience {
  /** Default: 10,000. */
  headMs: number
  /** Default: 30,000. */
  bodyMs: number
}

export const patienceDefault: Patience = { headMs: 10_000, bodyMs: 30_000 }

/** Node looks at its connections this often: a head may take so much longer. */
export function checkEveryMs({ headMs }: Patience): number {
  return Math.ceil(headMs / 4)
}

/** Answers 408 and hangs up where a body does not come; content streams may take their time. */
export function boundBodies(app: FastifyInstance, { bodyMs }: Patience): void {
  const waiting = new WeakMap<FastifyRequest, NodeJS.Timeout>()
  app.addHook('onRequest', (request, reply, done) => {
    const { raw, headers } = request
    if (!raw.complete && headers['content-type'] !== frameType) {
      const timer = setTimeout(() => {
        void reply.header('connection', 'close').send(slow('The body of the request'))
      }, bodyMs)
      waiting.set(request, timer)
      reply.raw.once('close', () => clearTimeout(timer))
    }
    done()
  })
  app.addHook('preHandler', (request, _reply, done) => {
    clearTimeout(waiting.get(request))
    done()
  })
}

export function slow(what: string): MeshError {
  return new MeshError('MESH_API_SLOW', `${what} did not come in time.`, { remedy: 'Send it without a pause.' })
}
