// Who may speak to a peer: whoever knows the token, from a program, not from a web page. A page that a user happens to
// visit can send requests to loopback; its browser then says so in an Origin header, and no honest client of ours does.

import { timingSafeEqual } from 'node:crypto'
import { isIPv4 } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { MeshError } from './mesh.ts'

export type Guard = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void

export function guardOf(token: string): Guard {
  const expected = Buffer.from(`Bearer ${token}`)
  return ({ headers }, reply, done) => {
    const given = Buffer.from(headers.authorization ?? '')
    const refusal =
      headers.origin !== undefined
        ? new MeshError('MESH_API_ORIGIN', 'Web pages may not use this API.', { remedy: 'Use the mesh command.' })
        : given.length !== expected.length || !timingSafeEqual(given, expected)
          ? new MeshError('MESH_API_TOKEN', 'The token is missing or wrong.', {
              remedy: 'Use the one in the API token file.'
            })
          : undefined
    if (refusal !== undefined) reply.header('connection', 'close') // a refused body is not read to its end
    done(refusal)
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
