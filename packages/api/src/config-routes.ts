// Settings: what they are is for everybody with a token, changing them for admins.

import type { FastifyInstance } from 'fastify'
import type { MeshConfig } from './config.ts'
import { allow, readList, readObject, readText } from './fields.ts'
import { scope } from './scope.ts'

const nameBytesMax = 64
const valueBytesMax = 1024

interface Name {
  Params: { name: string }
}

export function addConfigRoutes(app: FastifyInstance, config: MeshConfig): void {
  app.get('/config', scope.read, async () => ({ settings: await config.ls() }))

  app.put<Name>('/config/:name', scope.admin, async (request) => {
    const fields = readObject(request.body, 'The body')
    allow(fields, ['value'])
    const texts = readList(fields.value, 'value').map((one) => readText(one, 'value', valueBytesMax))
    return config.set(readText(request.params.name, 'name', nameBytesMax), texts)
  })

  app.delete<Name>('/config/:name', scope.admin, async (request) =>
    config.unset(readText(request.params.name, 'name', nameBytesMax))
  )
}
