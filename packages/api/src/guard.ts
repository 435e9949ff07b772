// Who may speak to a peer: whoever knows a token that is good for what is asked, from a program, not from a web page. A
// page that a user happens to visit can send requests to loopback; its browser then says so in an Origin header, and no
// honest client of ours does.

import { timingSafeEqual } from 'node:crypto'
import { isIPv4 } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { MeshError } from './mesh.ts'
import { covers, type Scope } from './scope.ts'
import { isOver, type Tokens } from './tokens.ts'

export type Guard = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void

const tokenForm = /^Bearer ([A-Za-z0-9_-]{43})$/

/** `owner` is the token of the home, good for everything; `tokens` are those that were given away. */
export function guardOf(owner: string, tokens: Tokens): Guard {
  const expected = Buffer.from(owner)
  return (request, reply, done) => {
    const { headers } = request
    const refusal =
      headers.origin === undefined
        ? refusalOf(headers.authorization ?? '', expected, tokens, wantedBy(request))
        : new MeshError('MESH_API_ORIGIN', 'Web pages may not use this API.', { remedy: 'Use the mesh command.' })
    if (refusal !== undefined) reply.header('connection', 'close') // a refused body is not read to its end
    done(refusal)
  }
}

/** What is not there may be asked for by anybody with a token; what says no scope is for admins. */
function wantedBy({ is404, routeOptions }: FastifyRequest): Scope {
  return is404 || routeOptions.url === undefined ? 'read' : (routeOptions.config.scope ?? 'admin')
}

function refusalOf(authorization: string, owner: Buffer, tokens: Tokens, wanted: Scope): MeshError | undefined {
  const [, token] = tokenForm.exec(authorization) ?? []
  if (token === undefined) return badToken('The token is missing or wrong.')
  if (timingSafeEqual(Buffer.from(token), owner)) return undefined
  const found = tokens.check(token)
  if (found === undefined) return badToken('The token is missing or wrong.')
  if (isOver(found, Date.now())) return badToken(`The token ${found.name} has expired.`)
  if (covers(found.scope, wanted)) return undefined
  const message = `The token ${found.name} is for ${found.scope}; this needs one for ${wanted}.`
  const remedy = `Have one made on the peer with \`mesh token new <name> --scope ${wanted}\`.`
  return new MeshError('MESH_API_SCOPE', message, { remedy })
}

function badToken(message: string): MeshError {
  const remedy = "Use one that `mesh token new` made, or what stands in the file api.token of the peer's home."
  return new MeshError('MESH_API_TOKEN', message, { remedy })
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
