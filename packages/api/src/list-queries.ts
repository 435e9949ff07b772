// Queries that say which pins a listing shows, both ways: read at the door, written by the client.

import { allow, readFlag, readObject, readQueryCount, readText } from './fields.ts'
import { badRequest } from './problem.ts'
import { nameBytesMax, metaBytesMax, peerCharsMax, readSlot } from './requests.ts'
import type { ListFilter, StatusFilter, StatusOptions } from './mesh.ts'

const statusFilters: readonly StatusFilter[] = [
  ...(['held', 'fetching', 'queued', 'failed', 'leaving', 'none'] as const),
  ...(['ok', 'few', 'at-risk', 'lapsed', 'limbo'] as const)
]

/** ?name=a*&meta=key=value&meta=…&slot=web&peer=12D3KooW…&expiringMs=1000 */
export function readListQuery(query: unknown): ListFilter {
  const fields = readObject(query, 'The query')
  allow(fields, ['name', 'meta', 'slot', 'peer', 'expiringMs'])
  const { name, meta, slot, peer, expiringMs } = fields
  const filter: ListFilter = {}
  if (name !== undefined) filter.name = readText(name, 'name', nameBytesMax)
  if (meta !== undefined) filter.meta = readPairs(Array.isArray(meta) ? meta : [meta])
  if (slot !== undefined) filter.slot = readSlot(slot)
  if (peer !== undefined) filter.peer = readText(peer, 'peer', peerCharsMax)
  if (expiringMs !== undefined) filter.expiringMs = readQueryCount(expiringMs, 'expiringMs')
  return filter
}

export function listQuery({ name, meta, slot, peer, expiringMs }: ListFilter): string {
  const query = new URLSearchParams()
  if (name !== undefined) query.set('name', name)
  for (const [key, value] of Object.entries(meta ?? {})) query.append('meta', `${key}=${value}`)
  if (slot !== undefined) query.set('slot', slot)
  if (peer !== undefined) query.set('peer', peer)
  if (expiringMs !== undefined) query.set('expiringMs', String(expiringMs))
  return query.size === 0 ? '' : `?${query}`
}

/** ?filter=failed,at-risk&local=1 */
export function readStatusQuery(query: unknown): StatusOptions {
  const fields = readObject(query, 'The query')
  allow(fields, ['filter', 'local'])
  const options: StatusOptions = { local: readFlag(fields.local, 'local') }
  if (fields.filter === undefined) return options
  const words = typeof fields.filter === 'string' ? fields.filter.split(',') : []
  options.filter = statusFilters.filter((one) => words.includes(one))
  if (words.length === 0 || options.filter.length !== new Set(words).size)
    throw badRequest(`The query field "filter" must be some of ${statusFilters.join(', ')}.`)
  return options
}

export function statusQuery({ filter, local }: StatusOptions): string {
  const query = new URLSearchParams()
  if (filter !== undefined) query.set('filter', filter.join())
  if (local === true) query.set('local', '1')
  return query.size === 0 ? '' : `?${query}`
}

function readPairs(texts: readonly unknown[]): Record<string, string> {
  const pairs = texts.map((value): [string, string] => {
    const text = readText(value, 'meta', metaBytesMax + 1)
    const at = text.indexOf('=')
    if (at < 1) throw badRequest('The query field "meta" must be key=value.')
    return [text.slice(0, at), text.slice(at + 1)]
  })
  return Object.fromEntries(pairs)
}
