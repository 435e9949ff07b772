// The start after an unclean stop. What may be left behind, and what is done:
// 1. rows without their file, files without a row: reconciled by the block store, which also counts the bytes;
// 2. edges of a pin number that no pin's row names (a record or a release cut short): erased;
// 3. an acquisition cut short: what is reachable from its root is kept for the next try, every byte of it hashed again,
//    and gets edges;
// 4. what the owner's journal says is held and has no row: walked, and kept as far as it is here;
// 5. blocks that now nobody needs: deleted.
// Where the table may lack rows it is in doubt: every pin is walked anew, and nothing is deleted until the owner's journal could be
// asked and all that it says is whole. A block whose way down from the root is lost may be part of whatever is not.
// All of it may itself be cut short and begun anew.

import { setImmediate as immediate } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { type BlockStore, fileBytesMin } from '../blocks/block-store.ts'
import type { PinMode } from '../content.ts'
import { inlineBytes } from '../dag/digest.ts'
import { isLeaf, linksOf } from '../dag/links.ts'
import { nameOf } from '../blocks/keys.ts'
import type { Custody } from './custody.ts'
import type { Journal, PinRecord } from './journal.ts'
import type { Turns } from './turns.ts'

const sliceMax = 500
const walksMax = 64
const never = new AbortController().signal

/** What somebody counts on. */
export interface Held {
  cid: CID
  mode: PinMode
  /** It may be elsewhere, or here in part; what is here of it is kept. Default: it was whole here. */
  perhaps?: boolean
}

/**
 * What the owner's journal says is held; undefined: it can not say yet. `all`: and what may be here besides, since rows are missing.
 */
export type FindHeld = (options: { all: boolean }) => Promise<AsyncIterable<Held> | undefined>

export interface RepairInit {
  journal: Journal
  blocks: BlockStore
  custody: Custody
  turns: Turns
  held?: FindHeld | undefined
}

export async function repair(init: RepairInit): Promise<void> {
  const { journal, blocks, custody } = init
  const { doubtful } = journal
  if (doubtful) await blocks.findSmall()
  const adopted = await blocks.reconcile()
  if (doubtful) await walkPins(init)
  else await keepPartials(init)
  if (!(await settle(init, { all: doubtful || adopted > 0 }))) return
  await eraseOrphanedEdges(journal)
  await collectAll(blocks, custody)
}

/** Looks for what is held and no pin. True if nothing of it is missing: then the table is not in doubt, otherwise it is. */
export async function settle(init: RepairInit, { all }: { all: boolean }): Promise<boolean> {
  const { journal, blocks } = init
  const { doubtful } = journal
  const settled = blocks.usedBytes === 0 || (await findHeld(init, all))
  if (settled && doubtful) await journal.trust()
  if (!settled && !doubtful) await journal.doubt()
  return settled
}

async function walkPins(init: RepairInit): Promise<void> {
  const known: Held[] = []
  for await (const { cid, record } of init.journal.records()) known.push({ cid, mode: record.mode })
  await walkAll(init, known)
}

/** What is held and no pin: the row was lost, with nothing to show for it. False if not all is here, or nobody can say what is held. */
async function findHeld(init: RepairInit, all: boolean): Promise<boolean> {
  const { journal } = init
  if (init.held === undefined) return !journal.doubtful
  const held = await init.held({ all })
  if (held === undefined) return false
  let whole = true
  const lost: Held[] = []
  const walk = async (): Promise<void> => {
    const walked = await walkAll(init, lost.splice(0))
    whole &&= walked
  }
  for await (const one of held) {
    if (covers(journal.record(one.cid), one)) continue
    // Most of what may be here is not: that is seen at its root.
    if (one.perhaps === true && init.blocks.size(one.cid.multihash.bytes) === undefined) continue
    lost.push(one)
    if (lost.length >= sliceMax) await walk()
  }
  await walk()
  return whole && !(journal.doubtful && (await isAnyPartial(journal)))
}

function covers(record: PinRecord | undefined, { mode }: Held): boolean {
  return record !== undefined && (record.mode === 'recursive' || mode === 'direct')
}

async function isAnyPartial(journal: Journal): Promise<boolean> {
  for await (const { record } of journal.records()) if (record.state === 'partial') return true
  return false
}

/** Several at once: their rows share a batch. False if one that was whole is not. */
async function walkAll(init: RepairInit, pins: readonly Held[]): Promise<boolean> {
  let whole = true
  for (let at = 0; at < pins.length; at += walksMax) {
    const walked = await Promise.all(
      pins
        .slice(at, at + walksMax)
        .map((one) => init.turns.take(one.cid.toString(), never, async () => walkAnew(init, one)))
    )
    whole &&= walked.every(Boolean)
  }
  return whole
}

/** A pin if all of it is here; else it keeps what is. */
async function walkAnew({ journal, blocks }: RepairInit, { cid, mode, perhaps = false }: Held): Promise<boolean> {
  const before = journal.record(cid)
  const { found, whole } = await reachable(cid, { recursive: mode === 'recursive', blocks, trusting: true })
  if (perhaps && found.size === 0) return true
  let bytes = 0
  for (const multihash of found.values()) bytes += blocks.size(multihash) ?? 0
  if (whole) await journal.write(cid, { state: 'pinned', mode, bytes }, found.values())
  else await journal.write(cid, { state: 'partial', mode, bytes: 0 }, found.values())
  if (before !== undefined) for await (const _ of journal.erase(before.number));
  return whole || perhaps
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
    const recursive = record.mode === 'recursive'
    const { found } = await reachable(cid, { recursive, blocks: init.blocks, trusting: false })
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

interface Walk {
  recursive: boolean
  blocks: BlockStore
  /** take a large block that links to nothing for what its name says, as every look at a pin does */
  trusting: boolean
}

/** The blocks that are here and right, from the root down, and whether those are all. Damaged ones are dropped by the reading. */
async function reachable(
  root: CID,
  { recursive, blocks, trusting }: Walk
): Promise<{ found: Map<string, Uint8Array>; whole: boolean }> {
  const found = new Map<string, Uint8Array>()
  const seen = new Set<string>()
  const stack = [root]
  let whole = true
  while (stack.length > 0) {
    const cid = stack.pop()
    if (cid === undefined || seen.has(cid.toString())) continue
    seen.add(cid.toString())
    if (seen.size % sliceMax === 0) await immediate()
    const multihash = cid.multihash.bytes
    const inline = inlineBytes(cid)
    if (inline === undefined && trusting && linksToNothing(cid) && (blocks.size(multihash) ?? 0) >= fileBytesMin) {
      found.set(nameOf(multihash), multihash)
      continue
    }
    const bytes = inline ?? (await blocks.read(multihash))
    if (bytes === undefined) {
      whole = false
      continue
    }
    if (inline === undefined) found.set(nameOf(multihash), multihash)
    const links = recursive ? linksIfAny(cid, bytes) : []
    if (links === undefined) whole = false
    else stack.push(...links)
  }
  return { found, whole }
}

function linksToNothing(cid: CID): boolean {
  try {
    return isLeaf(cid)
  } catch {
    return false
  }
}

function linksIfAny(cid: CID, bytes: Uint8Array): CID[] | undefined {
  try {
    return linksOf(cid, bytes)
  } catch {
    // The next acquire meets the same block and says what is wrong with it.
    return undefined
  }
}
