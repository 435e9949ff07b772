/**
 * One look after each start: does the back end still have what the journal says is held? A folder of blocks that was removed,
 * restored from a backup or repaired has not, and nothing else would notice before somebody asks for a block.
 */
import { decodeHold, type Hold, readPinRow, rebuiltRowKey } from '@pinmesh/core'
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
  for await (const hold of holdsIn(store)) {
    if (stopped()) return
    if (!isHere(hold)) continue
    const cid = hold.cid.toString()
    if ((await content.pinned(cid)) !== undefined) continue
    missing++
    shell.step({ kind: 'content-lost', cid })
  }
  if (missing === 0) return
  const text = 'Content that was held here is gone from the blocks; what is still wanted is fetched again.'
  notes.keep({ code: 'content-missing', text, pins: missing })
}

/**
 * What the journal says is here, for content whose own table may have lost it; undefined while a store that was built anew waits for the
 * others. With `all` also what may be here in part, or not yet be held again: what could not be fetched, and what the mesh wants.
 */
export async function heldIn(store: Store, { all }: { all: boolean }): Promise<AsyncIterable<Held> | undefined> {
  if ((await store.get('meta', rebuiltRowKey)) !== undefined) return undefined
  return heldRows(store, all)
}

async function* heldRows(store: Store, all: boolean): AsyncGenerator<Held> {
  for await (const hold of holdsIn(store)) {
    if (isHere(hold)) yield { cid: hold.cid, mode: hold.mode }
    else if (all && hold.state === 'failed') yield { cid: hold.cid, mode: hold.mode, perhaps: true }
  }
  if (!all) return
  for await (const rows of store.range('pin')) {
    for (const row of rows) {
      const pin = readPinRow(row)
      if (pin !== undefined) yield { cid: pin.register.cid, mode: pin.register.mode, perhaps: true }
    }
  }
}

async function* holdsIn(store: Store): AsyncGenerator<Hold> {
  for await (const rows of store.range('hold')) for (const { key, value } of rows) yield decodeHold(key, value)
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
