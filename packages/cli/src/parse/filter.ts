// Which pins a status shows: states of peers, and how well a pin is kept.

import type { StatusFilter } from '@pinmesh/node'
import { badValue } from './refuse.ts'

/** As they are shown, and as the peer calls them. */
const words = new Map<string, StatusFilter>([
  ['holding', 'held'],
  ...(['fetching', 'queued', 'failed', 'leaving', 'ok', 'few', 'at-risk', 'lapsed', 'limbo'] as const).map(
    (word): [string, StatusFilter] => [word, word]
  )
])

/** Words with commas between them, after those before. MESH_BAD_VALUE. */
export function addFilters(text: string, before: readonly StatusFilter[] = []): StatusFilter[] {
  const filters = text.split(',').map((part) => {
    const filter = words.get(part.trim())
    if (filter === undefined) throw badValue('a filter', part, `Give some of ${[...words.keys()].join(', ')}.`)
    return filter
  })
  return [...new Set([...before, ...filters])]
}
