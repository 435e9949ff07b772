/**
 * One look after each start: does the back end still have what the journal says is held? A folder of blocks that was removed,
 * restored from a backup or repaired has not, and nothing else would notice before somebody asks for a block.
 */
import { decodeHold, type Hold } from '@pinmesh/core'
import type { Content, Held, Mended } from '@pinmesh/ipfs'
import type { Store } from '@pinmesh/store'
import type { Notes, Told } from './notes.ts'
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
  for await (const held of heldIn(store)) {
    if (stopped()) return
    const cid = held.cid.toString()
    if ((await content.pinned(cid)) !== undefined) continue
    missing++
    shell.step({ kind: 'content-lost', cid })
  }
  if (missing === 0) return
  const text = 'Content that was held here is gone from the blocks; what is still wanted is fetched again.'
  notes.keep({ code: 'content-missing', text, pins: missing })
}

/** What the journal says is here. */
export async function* heldIn(store: Store): AsyncGenerator<Held> {
  for await (const rows of store.range('hold')) {
    for (const { key, value } of rows) {
      const hold = decodeHold(key, value)
      if (isHere(hold)) yield { cid: hold.cid, mode: hold.mode }
    }
  }
}

function isHere({ state }: Hold): boolean {
  return state !== 'failed' && state !== 'releasing'
}

export function noteOfMended({ reason, aside }: Mended): Told {
  return {
    code: 'blocks-mended',
    text: 'The table of the pins and blocks here was damaged or had lost rows. What is left of it is used, and no block is deleted before all that is held was looked for.',
    reason,
    ...(aside === undefined ? {} : { aside })
  }
}
