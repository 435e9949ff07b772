/**
 * Putting one CID in the place of another. First the new one is pinned as the old one was, then it is waited for until as
 * many hold it, and only then the old one goes. An interruption leaves both pinned; asked for again it goes on from there.
 * Asked for again after its end it says the same again, so that whoever did not hear it may repeat it; whatever else has an
 * old one that is not pinned is refused, as it may be misspelt.
 * Unless told otherwise the new one is asked of the peers that hold the old one: what both share is there already.
 */
import { canonicalCid, type PinRegister, type PinWish, readPinRow, type StoredPin } from '@pinmesh/core'
import { answers, bareCid } from './answers.ts'
import { MeshError } from './mesh-error.ts'
import type { MeshPins, PinAnswer, PinStatus, UpdateOptions, UpdateStep } from './mesh-pins.ts'
import { wishOf } from './pin-wishes.ts'
import type { PeerParts } from './peer.ts'

const chosenMax = 16
const finishedMax = 1000

/** Updates that this peer has brought to their end since its start. */
export class FinishedUpdates {
  readonly #keys = new Set<string>()

  add(old: string, cid: string, slot: string | undefined): void {
    this.#keys.add(`${old} ${cid} ${slot}`)
    for (const key of this.#keys) {
      if (this.#keys.size <= finishedMax) return
      this.#keys.delete(key)
    }
  }

  has(old: string, cid: string, slot: string | undefined): boolean {
    return this.#keys.has(`${old} ${cid} ${slot}`)
  }
}

interface Update {
  readonly parts: PeerParts
  readonly pins: MeshPins
  readonly finished: FinishedUpdates
  readonly old: string
  /** the new one, without a path */
  readonly cid: string
  readonly options: UpdateOptions
}

export async function* updatePin(update: Update): AsyncGenerator<UpdateStep, void, undefined> {
  const { parts, pins, finished, options } = update
  const { slot, yes = false, signal } = options
  signal?.throwIfAborted()
  const old = checked(bareCid(update.old))
  const cid = checked(bareCid(update.cid))
  if (old === cid) throw sameCid(cid)
  const [before, after] = await Promise.all([requestOf(parts, old, slot), requestOf(parts, cid, slot)])
  if (before === undefined) {
    if (after === undefined || !finished.has(old, cid, slot))
      throw notPinned(old, after === undefined ? undefined : cid)
    const { have, want, min } = await pins.status(cid, { signal })
    yield { old, cid, want, min, have, needed: have, done: true }
    return
  }
  if (before.writer !== parts.core.writerId && !yes) throw othersPin(old)
  const wish = wishFor({ ...update, cid }, { before, after, status: await pins.status(old, { signal }) })
  const [answer] = answers<PinAnswer>(await parts.shell.command({ do: 'pin', wishes: [wish] }, signal), 'pin')
  if (answer === undefined) throw new MeshError('MESH_INTERNAL', 'The pin was not answered.')
  if ('error' in answer) throw answer.error
  const { want, min } = answer
  const held = (await pins.status(old, { signal })).have
  const needed = options.held === 'want' ? want : (options.held ?? Math.max(1, Math.min(want, held)))
  let have = -1
  for await (const status of pins.waitFor(cid, needed, { signal })) {
    if (status.have === have) continue // a peer tells something else
    have = status.have
    yield { old, cid, want, min, have, needed, done: false }
  }
  const [ended] = await pins.rm([old], { yes, ...(slot === undefined ? {} : { slot }) })
  if (ended !== undefined && 'error' in ended) throw ended.error
  finished.add(old, cid, slot)
  yield { old, cid, want, min, have, needed, done: true }
}

/** The old one's terms, what the caller says instead of them, and where it should be. */
function wishFor(
  { cid, options }: Update,
  { before, after, status }: { before: StoredPin; after: StoredPin | undefined; status: PinStatus }
): PinWish {
  const { cid: _cid, ...told } = wishOf({ ...options.terms, cid })
  const {
    op: _op,
    cid: _old,
    lamport: _lamport,
    bytes: _bytes,
    min,
    ...kept
  } = noLess(before.register, after?.register)
  const wish = { ...kept, ...(told.max === undefined ? { min } : {}), ...told, cid }
  const chosen =
    told.chosen ?? kept.chosen ?? (options.spread === true ? undefined : chosenFor(wish.max, after, status))
  const { slot } = options
  return {
    ...wish,
    ...(chosen === undefined || chosen.length === 0 ? {} : { chosen }),
    ...(slot === undefined ? {} : { slot })
  }
}

/** The old one's terms; but where the new one is pinned already, no less of it than it has asked for, and not for a shorter time. */
function noLess(before: PinRegister, after: PinRegister = before): PinRegister {
  const { expiry, ...terms } = before
  const { max, min } = before.max !== 0 && (after.max === 0 || after.max > before.max) ? after : before
  return {
    ...terms,
    mode: after.mode === 'recursive' ? after.mode : before.mode,
    max,
    min,
    trustedMin: Math.max(before.trustedMin, after.trustedMin),
    ...(expiry === undefined || after.expiry === undefined ? {} : { expiry: Math.max(expiry, after.expiry) })
  }
}

/** The peers that hold the old one, targets first, no more than are wanted; those chosen before where it was begun before. */
function chosenFor(
  max: PinRegister['max'],
  after: StoredPin | undefined,
  { peers }: PinStatus
): readonly string[] | undefined {
  if (after !== undefined) return after.register.chosen
  if (max === 0) return undefined
  const holders = peers.filter(({ state }) => state === 'held').sort((a, b) => Number(b.target) - Number(a.target))
  return holders.slice(0, Math.min(max, chosenMax)).map(({ peer }) => peer)
}

/** The request that stands for a CID in a slot. */
async function requestOf({ core, store }: PeerParts, cid: string, slot = ''): Promise<StoredPin | undefined> {
  const rowKey = new Uint8Array([...core.holdKeyOf(cid), ...Buffer.from(slot)])
  const value = await store.get('pin', rowKey)
  return value === undefined ? undefined : readPinRow({ key: rowKey, value })
}

/** MESH_BAD_CID. */
function checked(cid: string): string {
  try {
    return canonicalCid(cid).toString()
  } catch (error) {
    throw new MeshError('MESH_BAD_CID', `"${cid.slice(0, 100)}" is not a CID.`, {
      exit: 1,
      remedy: 'Give a CID such as bafy… or Qm…, or /ipfs/<cid>.',
      cause: error
    })
  }
}

function sameCid(cid: string): MeshError {
  return new MeshError('MESH_SAME_CID', `${cid} cannot take its own place.`, {
    exit: 1,
    remedy: 'Give the old CID and the new one; to change the terms of a pin, pin it again.'
  })
}

/** `pinned`: the new one, where it is pinned already. */
function notPinned(cid: string, pinned: string | undefined): MeshError {
  const other = pinned === undefined ? '' : `; ${pinned} is, and nothing was changed`
  return new MeshError('MESH_NOT_PINNED', `${cid} is not pinned in this mesh, or not in that slot${other}.`, {
    remedy: 'See `mesh ls` for what is.'
  })
}

function othersPin(cid: string): MeshError {
  return new MeshError('MESH_OTHERS_PIN', `${cid} was pinned by another writer.`, {
    remedy: 'To end that pin for everybody, repeat with --yes.'
  })
}
