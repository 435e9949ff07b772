// The tokens that others use: for admins alone.

import type { FastifyInstance } from 'fastify'
import { allow, readCount, readObject } from './fields.ts'
import { badRequest } from './problem.ts'
import { isScope, scope } from './scope.ts'
import { type MeshTokens, tokenNameForm, type TokenRequest } from './tokens.ts'

interface Name {
  Params: { name: string }
}

export function addTokenRoutes(app: FastifyInstance, tokens: MeshTokens): void {
  app.get('/tokens', scope.admin, async () => ({ tokens: await tokens.ls() }))

  app.post('/tokens', scope.admin, async (request) => tokens.make(readRequest(request.body)))

  app.delete<Name>('/tokens/:name', scope.admin, async (request) => {
    await tokens.rm(readName(request.params.name))
    return {}
  })
}

function readRequest(body: unknown): TokenRequest {
  const fields = readObject(body, 'The body')
  allow(fields, ['name', 'scope', 'expiresInMs'])
  const { expiresInMs } = fields
  if (!isScope(fields.scope)) throw badRequest('The field "scope" must be read, pin or admin.')
  return {
    name: readName(fields.name),
    scope: fields.scope,
    ...(expiresInMs === undefined ? {} : { expiresInMs: readCount(expiresInMs, 'expiresInMs', 1, 2 ** 48) })
  }
}

function readName(value: unknown): string {
  if (typeof value === 'string' && tokenNameForm.test(value)) return value
  throw badRequest('A name has 1 to 64 letters, digits, dots, underscores or dashes.')
}
