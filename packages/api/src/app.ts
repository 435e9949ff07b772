// The fastify instance in front of the routes: bounds on what a client may send and how slowly, the guard, and one place
// where a failure becomes a status and { error: { code, message, remedy, exit } }.

import { isUtf8 } from 'node:buffer'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { fastify } from 'fastify'
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import { guardOf } from './guard.ts'
import { MeshError } from './mesh.ts'
import { boundBodies, checkEveryMs, type Patience, slow } from './patience.ts'
import { badRequest, meshErrorOf, problemOf, statusOf } from './problem.ts'
import type { Refusals } from './refusals.ts'
import { bodyBytesMax, cidCharsMax } from './requests.ts'
import type { Tokens } from './tokens.ts'

/** More than any program opens, fewer than would exhaust the process's files. */
const connectionsMax = 1024
const headBytesMax: number = 16 << 10
/** What an honest client does not meet, or a person should know of. */
const atTheDoor = /^MESH_API_(?:BODY|ORIGIN|ROUTE|SCOPE|SLOW|TOKEN)$/

export interface AppParts {
  /** of the home, good for everything */
  readonly token: string
  readonly tokens: Tokens
  readonly patience: Patience
  readonly refusals: Refusals
}

export function appOf({ token, tokens, patience, refusals }: AppParts): FastifyInstance {
  const answerFailure = (reply: FastifyReply, failure: unknown, status?: number): void => {
    const error = meshErrorOf(failure)
    if (atTheDoor.test(error.code)) refusals.refused(error.code, error.message)
    void reply.code(status ?? statusOf(error)).send({ error: problemOf(error) })
  }
  const guard = guardOf(token, tokens)
  const app = fastify({
    http: {
      headersTimeout: patience.headMs,
      connectionsCheckingInterval: checkEveryMs(patience),
      maxHeaderSize: headBytesMax,
      insecureHTTPParser: false
    },
    bodyLimit: bodyBytesMax,
    clientErrorHandler: (error, socket) => refuse(error, socket, refusals),
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (_error, request, reply) => {
      // an address that no route can be looked up for: fastify skips the hooks
      guard(request, reply, (refusal) => answerFailure(reply, refusal ?? badRequest('The address is malformed.')))
    },
    routerOptions: { maxParamLength: cidCharsMax * 3 }
  })
  app.server.maxConnections = connectionsMax
  app.server.on('drop', () => refusals.refused('MESH_BUSY', `There are ${connectionsMax} connections already.`))
  app.removeContentTypeParser(['text/plain', 'application/json'])
  addJsonParser(app)
  app.addHook('onRequest', guard)
  boundBodies(app, patience)
  app.setNotFoundHandler(({ method, url }) => {
    throw new MeshError('MESH_API_ROUTE', `There is no ${method} ${url.slice(0, 80)} here.`, { exit: 1 })
  })
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const { code, statusCode } = error // fastify's own word on a request
    if (code === 'ECONNRESET') void reply.hijack() // the client has gone
    else if (statusCode !== undefined && statusCode < 500) answerFailure(reply, badRequest(error.message), statusCode)
    else answerFailure(reply, error)
  })
  return app
}

/** fastify's own turns bytes that are no UTF-8 into other text, which would then be a name that nobody gave. */
function addJsonParser(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const { 'content-encoding': encoding = 'identity' } = request.headers
    if (encoding !== 'identity') done(badRequest('The body must not be compressed.'))
    else if (!isUtf8(body)) done(badRequest('The body must be UTF-8.'))
    else void parse(request, body.toString(), done)
  })
}

/** What is not even a request: answered as far as it can be, and hung up on. Who hangs up in the middle of one is no attacker. */
function refuse({ code }: ConnectionError, socket: Socket, refusals: Refusals): void {
  const late = code === 'ERR_HTTP_REQUEST_TIMEOUT'
  const malformed = code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE'
  if (socket.destroyed) return
  if (!late && !malformed) return void socket.destroy()
  const status = late ? 408 : code === 'HPE_HEADER_OVERFLOW' ? 431 : 400
  const error = late ? slow('The head of the request') : badRequest('That is not an HTTP request as this API takes it.')
  refusals.refused(error.code, error.message)
  const body = JSON.stringify({ error: problemOf(error) })
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\nconnection: close`
  if (socket.writable) socket.write(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  socket.destroySoon()
}
