/**
 * What the told scenarios share: a small mesh that has met, with its client, its judge and an ear for notes.
 */
import assert from 'node:assert/strict'
import type { Command, LeaveReport, Note, Reply } from '@pinmesh/core'
import { Client, Judge, type SimPeer, World, type WorldSettings } from '@pinmesh/sim'

export class Mesh {
  readonly world: World
  readonly client: Client
  readonly judge: Judge
  readonly notes: { readonly peer: SimPeer; readonly note: Note; readonly at: number }[] = []
  #used = 0

  constructor(settings: Partial<WorldSettings> = {}) {
    this.world = new World({ seed: 1, peers: 5, writers: 1, ...settings })
    this.client = new Client(this.world)
    this.judge = new Judge(this.world, this.client)
    const judged = this.world.watch
    this.world.watch = (peer, effect) => {
      if (effect.kind === 'note') this.notes.push({ peer, note: effect.note, at: this.world.now })
      judged(peer, effect)
    }
    this.world.begin()
    this.world.run(6000)
  }

  peer(index: number): SimPeer {
    const peer = this.world.peers[index]
    assert.ok(peer)
    return peer
  }

  /** CIDs that nobody has asked for yet. */
  fresh(count: number): string[] {
    this.#used += count
    return this.world.cids.slice(this.#used - count, this.#used)
  }

  /** Pins new content that the writer has, and waits until all is in its place. */
  pinned(count: number, copies: number, by: SimPeer = this.peer(0)): string[] {
    const cids = this.fresh(count)
    for (const cid of cids) this.client.pin(by, cid, { copies })
    this.settle()
    return cids
  }

  /** Runs until everything is as it should be. */
  settle(maxMs = 200_000): void {
    this.world.run(3000)
    const settled = this.world.runUntil(() => this.judge.unsettled().length === 0, maxMs)
    assert.ok(settled, this.judge.unsettled().join('\n'))
  }

  /** Runs until every one of these has that many copies on peers that are up. */
  whole(cids: readonly string[], copies: number, maxMs: number): void {
    const short = (): string[] => cids.filter((cid) => this.holders(cid).length < copies)
    const reached = this.world.runUntil(() => short().length === 0, maxMs)
    assert.ok(
      reached,
      `short of copies: ${short()
        .map((cid) => `${cid} ${this.holders(cid).length}`)
        .join(', ')}`
    )
  }

  /** What a peer answers to a command. */
  ask(peer: SimPeer, command: Command): Reply {
    let reply: Reply | undefined
    peer.command(command, (given) => (reply = given))
    assert.ok(this.world.runUntil(() => reply !== undefined, 5000))
    return reply as Reply
  }

  /** How far a leaving peer is. */
  report(peer: SimPeer): LeaveReport {
    const reply = this.ask(peer, { do: 'leave-report' })
    assert.ok(reply.of === 'leave-report')
    return reply.report
  }

  holders(cid: string): SimPeer[] {
    return this.world.holders(cid).filter((peer) => peer.up)
  }

  noted(code: string, since = 0): number {
    return this.notes.filter(({ note, at }) => note.code === code && at >= since).length
  }
}
