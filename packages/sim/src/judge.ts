/**
 * What must hold. While a run lasts every release is judged as it happens; in calm weather the whole mesh is looked at.
 * Copies are counted in the back ends, never by what peers claim.
 */
import { type Effect, readPinRow, toHex } from '@pinmesh/core'
import type { Client } from './client.ts'
import { SafetyError } from './failures.ts'
import type { SimPeer } from './peer.ts'
import type { World } from './world.ts'

/** Second byte of a journal row: from here on the content is on disk; then in the trash; then in limbo. */
const heldState = 1
const trashState = 3
const limboState = 4

interface Pin {
  readonly cid: string
  /** copies wanted; Infinity = everywhere */
  readonly copies: number
}

export class Judge {
  readonly #world: World
  readonly #client: Client
  /** peer and key: how many peers were gone for good when the copy was let go */
  readonly #goneThen = new Map<string, number>()
  readonly #journals = new Map<SimPeer, { process: number | undefined; trash: Set<string> }>()
  /** peers that have begun to leave, whether or not they stayed after all */
  readonly #leavers = new Set<SimPeer>()
  /** Weather is calm and views are equal: nothing may go of what is wanted. */
  strict = false
  /** fetches begun and copies deleted since the world began, and when the last of either was */
  acquires = 0
  releases = 0
  lastMoveAt = 0

  constructor(world: World, client: Client) {
    this.#world = world
    this.#client = client
    world.watch = (peer, effect) => this.#watch(peer, effect)
  }

  /** Pins as one peer's listing shows them, slots merged. */
  pinsOf(peer: SimPeer): Map<string, Pin> {
    const pins = new Map<string, Pin>()
    for (const row of peer.disk.rows('pin')) {
      const listed = readPinRow(row)
      if (listed === undefined) continue
      const cid = listed.register.cid.toString()
      const copies = listed.register.max === 0 ? Infinity : listed.register.max
      pins.set(cid, { cid, copies: Math.max(copies, pins.get(cid)?.copies ?? 0) })
    }
    return pins
  }

  #watch(peer: SimPeer, effect: Effect): void {
    if (peer.core?.leaving === true) this.#leavers.add(peer)
    if (effect.kind === 'acquire') {
      this.acquires++
      this.lastMoveAt = this.#world.now
    } else if (effect.kind === 'release') {
      // Parts of a fetch that was given up are no copy.
      if (this.#world.holders(effect.cid).includes(peer)) this.releases++
      this.lastMoveAt = this.#world.now
      this.#judgeRelease(peer, effect.cid)
    } else if (effect.kind === 'note' && effect.note.code === 'released') {
      this.#judgeDecision(peer, String(effect.note['cid']))
    } else if (effect.kind === 'write') {
      const journal = this.#journal(peer)
      for (const { table, key, value } of effect.rows) {
        if (table !== 'hold') continue
        const name = toHex(key)
        if (value === null || (value[1] as number) < trashState || value[1] === limboState) journal.delete(name)
        else if (!journal.has(name)) {
          journal.add(name)
          this.#goneThen.set(`${peer.id} ${name}`, this.#goneCount)
        }
      }
    }
  }

  /** Keys of what a peer has in its trash, as its core sees it. */
  #journal(peer: SimPeer): Set<string> {
    const known = this.#journals.get(peer)
    if (known !== undefined && known.process === peer.process && peer.core !== undefined) return known.trash
    const rows = peer.disk.rows('hold').filter(({ value }) => value[1] === trashState || value[1] === trashState + 2)
    const trash = new Set(rows.map(({ key }) => toHex(key)))
    this.#journals.set(peer, { process: peer.process, trash })
    return trash
  }

  /** P3 at the moment of deciding: as many others as the pin wants have it and have not decided to let it go. */
  #judgeDecision(peer: SimPeer, cid: string): void {
    const pin = this.pinsOf(peer).get(cid)
    if (pin === undefined || this.#client.everUnpinned(cid)) return
    const key = this.#world.keyOf(cid)
    const others = this.#standing(cid).filter((other) => other !== peer && !this.#journal(other).has(key))
    const copies = this.#leastWanted(peer, cid)
    if (others.length < copies) this.#fail(peer, cid, `lets go of a copy and leaves ${others.length} of ${copies}`)
  }

  /** P3 and P4 at the deletion. */
  #judgeRelease(peer: SimPeer, cid: string): void {
    const name = `${peer.id} ${this.#world.keyOf(cid)}`
    const lostSince = this.#goneCount > (this.#goneThen.get(name) ?? Infinity)
    this.#goneThen.delete(name)
    if (!peer.backEnd.set.has(cid)) return
    // What its owner put there for a pin that was refused goes with a fetch of it that fails: no copy of the mesh's.
    if (this.#ownerless(peer, cid) && !this.#journalled(peer, cid)) return
    // Whoever took it back has been told that it is, and this peer may have heard so and not written it yet.
    if (this.#client.takenBack(cid)) return
    const pin = this.pinsOf(peer).get(cid)
    const others = this.#standing(cid).filter((other) => other !== peer).length
    if (pin === undefined) {
      const wanted = this.#world.peers.some((other) => !other.gone && this.pinsOf(other).has(cid))
      if (wanted && !this.#client.everUnpinned(cid))
        this.#fail(peer, cid, 'deletes content of a pin that nobody took back')
      if (wanted && this.strict) this.#fail(peer, cid, 'deletes content of a pin that stands')
      return
    }
    const raised = this.#client.everUnpinned(cid) && !this.strict
    const copies = this.#leastWanted(peer, cid)
    const least = lostSince || raised ? Math.min(1, copies) : copies
    if (others < least) this.#fail(peer, cid, `deletes a copy and leaves ${others} of ${copies}`)
  }

  /** Who has it, as far as anybody can know: who was lost a moment ago is not missed yet. */
  #standing(cid: string): SimPeer[] {
    const { peers, now, timings } = this.#world
    const unnoticed = (one: SimPeer): boolean => !one.gone || now - one.goneAt <= timings.suspectMs + timings.beatMs
    return peers.filter((one) => one.backEnd.set.has(cid) && unnoticed(one))
  }

  /** What the peer at work may know: some disk has it, or had it when it was told. Who leaves holds nothing "everywhere". */
  #leastWanted(peer: SimPeer, cid: string): number {
    if (this.#leavers.has(peer) && this.pinsOf(peer).get(cid)?.copies === Infinity) return 1
    return Math.min(...this.#world.peers.map((one) => this.pinsOf(one).get(cid)?.copies ?? Infinity))
  }

  get #goneCount(): number {
    return this.#world.peers.filter((one) => one.gone).length
  }

  #fail(peer: SimPeer, cid: string, text: string): never {
    const where = this.#world.peers.map(
      (one, n) => `p${n}${one.gone ? ' gone' : one.up ? '' : ' off'}${one.backEnd.set.has(cid) ? ' has it' : ''}`
    )
    throw new SafetyError(`p${peer.settings.index} ${text}: ${cid} (${where.join(', ')})`)
  }

  /** What is not yet as it should be in calm weather; empty when all is well. */
  unsettled(): string[] {
    const found: string[] = []
    const up = this.#world.up()
    const first = up[0]
    if (first === undefined) return ['nobody is up']
    const root = (peer: SimPeer): string =>
      toHex(peer.core?.roots.pinset ?? new Uint8Array()) + toHex(peer.core?.roots.facts ?? new Uint8Array())
    const view = first.digest('pin')
    for (const peer of up) {
      if (peer.core?.ready !== true) found.push(`${nameOf(peer)} is not ready`)
      if (root(peer) !== root(first)) found.push(`roots of ${nameOf(first)} and ${nameOf(peer)} differ`)
      else if (peer.digest('pin') !== view)
        found.push(`views of ${nameOf(first)} and ${nameOf(peer)} differ at equal roots`)
    }
    if (found.length > 0) return found
    const pins = this.pinsOf(first)
    for (const cid of this.#client.cids()) {
      const owed = this.#client.owed(cid)
      if (owed === true && !pins.has(cid)) found.push(`an acknowledged pin is lost: ${cid}`)
      if (owed === false && pins.has(cid)) found.push(`an unpin is lost: ${cid}`)
    }
    return [...found, ...this.#copies(pins)]
  }

  /** P2 and the end of P4: enough copies of what is wanted, and in time none of what is not. */
  #copies(pins: ReadonlyMap<string, Pin>): string[] {
    const found: string[] = []
    const up = this.#world.up()
    const trustedOnly = (this.#world.settings.volunteers ?? 0) === 0
    for (const { cid, copies } of pins.values()) {
      const holders = this.#world.holders(cid).filter((peer) => peer.up)
      if (holders.length === 0 && this.#world.catalog.get(cid)?.outside !== true) continue
      const liars = up.filter((peer) => peer.backEnd.lying).length
      const want = Math.min(copies, up.length)
      const has = holders.map(nameOf).join()
      if (holders.length < want - liars) found.push(`${cid} has ${holders.length} of ${want} copies (${has})`)
      const kept = holders.filter((peer) => !this.#ownerless(peer, cid))
      if (trustedOnly && kept.length > want)
        found.push(`${cid} has ${holders.length} copies, more than ${want} (${has})`)
    }
    for (const peer of up) {
      for (const cid of peer.backEnd.set.cids())
        if (!pins.has(cid) && !this.#ownerless(peer, cid))
          found.push(`${nameOf(peer)} still has ${cid}, which nobody wants`)
    }
    return found
  }

  /** Does the peer's disk say that the content is here? */
  #journalled(peer: SimPeer, cid: string): boolean {
    const name = this.#world.keyOf(cid)
    return peer.disk.rows('hold').some(({ key, value }) => toHex(key) === name && (value[1] as number) >= heldState)
  }

  /** Content that is on the peer by no doing of the mesh's journal. */
  #ownerless(peer: SimPeer, cid: string): boolean {
    return peer.strays.has(cid) || this.#client.isLoose(peer, cid)
  }
}

export function nameOf(peer: SimPeer): string {
  return `p${peer.settings.index}`
}
