/**
 * The people who use the mesh: they pin, unpin and pin again at the writers, and remember what they were told. What follows from
 * that memory is what the mesh owes them: an acknowledged pin that nobody took back stands.
 */
import type { Failure, Reply } from '@pinmesh/core'
import type { SimPeer } from './peer.ts'
import type { World } from './world.ts'

interface Wish {
  readonly op: 'pin' | 'unpin'
  readonly by: SimPeer
  readonly at: number
  acked: boolean
}

export interface PinOptions {
  readonly copies: number
  readonly bytes?: number
  /** where the content is when the pin is made */
  readonly from?: 'here' | 'outside' | 'nowhere'
  readonly min?: number
  readonly name?: string
}

export class Client {
  readonly #world: World
  readonly #wishes = new Map<string, Wish[]>()
  /** peer and CID of content that was added for a pin that was never acknowledged: it is its owner's, not the mesh's */
  readonly #loose = new Set<string>()
  acked = 0
  refused = 0
  /** codes of refusals, for the curious */
  readonly codes: Set<string> = new Set()

  constructor(world: World) {
    this.#world = world
  }

  /** CIDs that anybody has asked for. */
  cids(): Iterable<string> {
    return this.#wishes.keys()
  }

  pin(by: SimPeer, cid: string, { copies, bytes = 1_000_000, from = 'here', ...rest }: PinOptions): void {
    const { catalog } = this.#world
    if (!catalog.has(cid) && from !== 'nowhere') catalog.set(cid, { cid, bytes, outside: from === 'outside' })
    const size = catalog.get(cid)?.bytes
    const takes = !by.backEnd.failing && !by.backEnd.lying && !by.deleting.has(cid)
    const heldHere = from === 'here' && size !== undefined && takes
    if (heldHere) by.backEnd.set.add(cid, size)
    const wish = {
      cid,
      max: copies,
      anyway: true,
      ...(size === undefined ? {} : { bytes: size }),
      ...(heldHere ? { heldHere } : {}),
      ...rest
    }
    const noted = this.#note(cid, 'pin', by)
    if (heldHere) this.#loose.add(`${by.id} ${cid}`)
    by.command({ do: 'pin', wishes: [wish] }, (reply) => {
      this.#replied(noted, reply)
      const later = this.#wishes.get(cid)?.some((wish) => wish.op === 'unpin' && wish.at > noted.at)
      if (heldHere && noted.acked && later !== true) this.#loose.delete(`${by.id} ${cid}`)
    })
  }

  unpin(by: SimPeer, cid: string): void {
    const noted = this.#note(cid, 'unpin', by)
    by.command({ do: 'unpin', cids: [cid], yes: true }, (reply) => this.#replied(noted, reply))
  }

  /** Was this content put on the peer by its owner, for a pin that did not come about? */
  isLoose(peer: SimPeer, cid: string): boolean {
    return this.#loose.has(`${peer.id} ${cid}`)
  }

  /** Has anybody tried to take this pin back? */
  everUnpinned(cid: string): boolean {
    return this.#wishes.get(cid)?.some((wish) => wish.op === 'unpin') === true
  }

  /** Is the last that anybody wished an unpin, and was it acknowledged? */
  takenBack(cid: string): boolean {
    const last = this.#wishes.get(cid)?.at(-1)
    return last?.op === 'unpin' && last.acked
  }

  /**
   * Must the pin stand (true), must it be gone (false), or may it be either (undefined)? Only what was acknowledged by peers
   * that are not gone for good is owed, and only where no race between writers leaves the order open.
   */
  owed(cid: string): boolean | undefined {
    const wishes = this.#wishes.get(cid) ?? []
    const kept = wishes.filter((wish) => wish.acked && !wish.by.gone)
    if (!wishes.some((wish) => wish.op === 'unpin')) return kept.length > 0 ? true : undefined
    if (new Set(wishes.map((wish) => wish.by)).size > 1) return undefined
    const last = wishes.at(-1)
    return last?.acked === true && !last.by.gone ? last.op === 'pin' : undefined
  }

  #note(cid: string, op: Wish['op'], by: SimPeer): Wish {
    const wish: Wish = { op, by, at: this.#world.now, acked: false }
    const wishes = this.#wishes.get(cid)
    if (wishes === undefined) this.#wishes.set(cid, [wish])
    else wishes.push(wish)
    return wish
  }

  #replied(wish: Wish, reply: Reply): void {
    const answer = reply.of === 'pin' || reply.of === 'unpin' ? reply.answers[0] : undefined
    const failure: Failure | undefined =
      reply.of === 'failure'
        ? reply.failure
        : answer !== undefined && 'failure' in answer
          ? (answer.failure as Failure)
          : undefined
    wish.acked = answer !== undefined && failure === undefined
    if (wish.acked) this.acked++
    else this.refused++
    if (failure !== undefined) this.codes.add(failure.code)
  }
}
