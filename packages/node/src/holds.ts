/**
 * One look after each start: does the back end still have what the journal says is held? A folder of blocks that was removed,
 * restored from a backup or repaired has not, and nothing else would notice before somebody asks for a block.
 */
import { decodeHold, type Hold } from '@pinmesh/core'
import type { Content } from '@pinmesh/ipfs'
import type { Store } from '@pinmesh/store'
import type { Notes } from './notes.ts'
import type { Shell } from './shell.ts'

interface HoldsParts {
  readonly store: Store
  readonly content: Content
  readonly shell: Shell
  readonly notes: Notes
}

/** Begins to look; what it returns ends that and waits for it. */
export function checkHolds(parts: HoldsParts): () => Promise<void> {
  let stopped = false
  const looking = look(parts, () => stopped).catch(() => {
    // A store or back end that fails is told by others; the next start looks again.
  })
  return async () => {
    stopped = true
    await looking
  }
}

async function look({ store, content, shell, notes }: HoldsParts, stopped: () => boolean): Promise<void> {
  let missing = 0
  for await (const rows of store.range('hold')) {
    for (const { key, value } of rows) {
      if (stopped()) return
      const hold = decodeHold(key, value)
      if (!isHere(hold)) continue
      const cid = hold.cid.toString()
      if ((await content.pinned(cid)) !== undefined) continue
      missing++
      shell.step({ kind: 'content-lost', cid })
    }
  }
  if (missing === 0) return
  const text = 'Content that was held here is gone from the blocks; what is still wanted is fetched again.'
  notes.keep({ code: 'content-missing', text, pins: missing })
}

function isHere({ state }: Hold): boolean {
  return state !== 'failed' && state !== 'releasing'
}
