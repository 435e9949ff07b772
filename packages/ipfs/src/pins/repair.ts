// The start after an unclean stop. What may be left behind, and what is done:
// 1. rows without their file, files without a row: reconciled by the block store, which also counts the bytes;
// 2. edges of a pin number that no pin's row names (a record or a release cut short): erased;
// 3. an acquisition cut short: what is reachable from its root is kept for the next try, every byte of it hashed again,
//    and gets edges;
// 4. blocks that now nobody needs: deleted.
// All of it may itself be cut short and begun anew.

import type { CID } from 'multiformats/cid'
import type { BlockStore } from '../blocks/block-store.ts'
import { inlineBytes } from '../dag/digest.ts'
import { linksOf } from '../dag/links.ts'
import { nameOf } from '../blocks/keys.ts'
import type { Custody } from './custody.ts'
import type { Journal, PinRecord } from './journal.ts'

const sliceMax = 500

export interface RepairInit {
  journal: Journal
  blocks: BlockStore
  custody: Custody
}

export async function repair(init: RepairInit): Promise<void> {
  await init.blocks.reconcile()
  await eraseOrphanedEdges(init.journal)
  await keepPartials(init)
  await collectAll(init.blocks, init.custody)
}

async function eraseOrphanedEdges(journal: Journal): Promise<void> {
  for await (const { number, cid } of journal.numbers()) {
    if (journal.record(cid)?.number === number) continue
    for await (const _ of journal.erase(number));
  }
}

async function keepPartials(init: RepairInit): Promise<void> {
  const partials: { cid: CID; record: PinRecord }[] = []
  for await (const pin of init.journal.records()) if (pin.record.state === 'partial') partials.push(pin)
  for (const { cid, record } of partials) {
    const found = await reachable(cid, record.mode === 'recursive', init.blocks)
    // What an earlier end recorded may hang below a block that is missing now.
    for await (const multihash of init.journal.blocks(record.number)) {
      if (init.blocks.size(multihash) !== undefined) found.set(nameOf(multihash), multihash)
    }
    await init.journal.write(cid, { state: 'partial', mode: record.mode, bytes: 0 }, found.values())
    for await (const _ of init.journal.erase(record.number));
  }
}

/** Deletes every block that nobody needs; safe at any time. */
export async function collectAll(blocks: BlockStore, custody: Custody, signal?: AbortSignal): Promise<void> {
  let slice: Uint8Array[] = []
  for await (const { multihash } of blocks.all()) {
    signal?.throwIfAborted()
    slice.push(multihash)
    if (slice.length < sliceMax) continue
    await custody.collect(slice)
    slice = []
  }
  await custody.collect(slice)
}

/** The blocks that are here and right, from the root down. Damaged ones are dropped by the reading. */
async function reachable(root: CID, recursive: boolean, blocks: BlockStore): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  const seen = new Set<string>()
  const stack = [root]
  while (stack.length > 0) {
    const cid = stack.pop()
    if (cid === undefined || seen.has(cid.toString())) continue
    seen.add(cid.toString())
    const inline = inlineBytes(cid)
    const bytes = inline ?? (await blocks.read(cid.multihash.bytes))
    if (bytes === undefined) continue
    if (inline === undefined) found.set(nameOf(cid.multihash.bytes), cid.multihash.bytes)
    if (recursive) stack.push(...linksIfAny(cid, bytes))
  }
  return found
}

function linksIfAny(cid: CID, bytes: Uint8Array): CID[] {
  try {
    return linksOf(cid, bytes)
  } catch {
    // The next acquire meets the same block and says what is wrong with it.
    return []
  }
}
