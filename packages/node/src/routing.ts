/**
 * Which routers this peer asks about content from outside the mesh. None, unless its owner said so: a question to a router
 * tells a stranger what the mesh is about to keep.
 */
import type { Note } from '@pinmesh/core'
import type { RouterChange } from '@pinmesh/ipfs'
import { MeshError } from './mesh-error.ts'
import { type NodeSettings, routersDefault } from './settings.ts'

const routersMax = 8

/** URLs, checked; MESH_BAD_VALUE for one that is none. */
export function routersOf({ routing = 'off', routers }: Pick<NodeSettings, 'routing' | 'routers'>): readonly string[] {
  const given = routers ?? routersDefault
  if (given.length > routersMax) throw badRouters(`More than ${routersMax} routers were named.`)
  for (const one of given) {
    if (!isRouter(one)) throw badRouters(`"${one.slice(0, 100)}" is not the URL of a router.`)
  }
  return routing === 'public' ? given : []
}

export function noteOfRouter({ router, reason }: RouterChange): Note {
  return reason === undefined
    ? { code: 'router-answers', text: 'A router answers again.', router }
    : { code: 'router-failed', text: 'A router cannot be asked; it is tried again later.', router, reason }
}

function isRouter(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, search, hash } = new URL(text)
  return /^https?:$/.test(protocol) && search === '' && hash === ''
}

function badRouters(sentence: string): MeshError {
  return new MeshError('MESH_BAD_VALUE', sentence, { exit: 1, remedy: `Give one such as ${routersDefault[0]}.` })
}
