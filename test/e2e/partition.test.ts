// A network that breaks and mends, on real processes with a network of their own: both sides of a partition go on, neither lets
// go of anything, and afterwards all are one mesh again with no copy too few or too many.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { sameFile, writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import { type Host, Namespaces, namespacesMissing } from '../kit/namespaces.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const skip = namespacesMissing()

/** A mesh whose peers each have a host of their own; all of them trusted. */
class Scene {
  readonly lab: Lab
  readonly net: Namespaces = new Namespaces()
  readonly hosts: Host[] = []
  peers: PeerProcess[] = []

  constructor(name: string) {
    this.lab = new Lab(name)
  }

  async open(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const host = await this.net.host()
      this.hosts.push(host)
      const [first] = this.peers
      const name = `peer${n}`
      this.peers.push(
        await (first === undefined ? this.lab.found(name, { host }) : this.lab.join(name, first, { host }))
      )
    }
    const [first, ...others] = this.peers as [PeerProcess, ...PeerProcess[]]
    for (const { peer } of others) await first.run(['peers', 'vouch', peer])
    await until('all are trusted everywhere', 30_000, async () => {
      const seen = await Promise.all(this.peers.map(async ({ client }) => client.peers()))
      return seen.flat().every((one) => one.class === 'trusted') && seen.every((list) => list.length === count)
    })
    await this.lab.meet(this.peers)
  }

  async add(by: PeerProcess, word: string, count: number, replicas: number): Promise<string[]> {
    const cids: string[] = []
    for (let n = 0; n < count; n++) {
      const path = writeBytes(join(this.lab.folder, `${word}-${n}`), `${word} ${n}`, 100_000)
      const [added] = await by.run(['add', path, '-r', String(replicas)])
      cids.push(String(added?.cid))
    }
    return cids
  }

  /** Every pin held by exactly as many as it wants, all of them targets, as each of these peers sees it. */
  async isWhole(cids: readonly string[], by: readonly PeerProcess[]): Promise<boolean> {
    for (const { client } of by) {
      for (const cid of cids) {
        const { want, peers } = await client.pins.status(cid)
        const holders = peers.filter(({ state }) => state === 'held')
        if (holders.length !== want || !holders.every(({ target }) => target)) return false
      }
    }
    return true
  }

  /** The fewest copies of a pin, over what it wants, as their holders say themselves. */
  async spare(): Promise<number> {
    const copies = new Map<string, { want: number; held: number }>()
    for (const { client, peer } of this.peers) {
      for await (const { cid, want, peers } of client.pins.statuses()) {
        const known = copies.get(cid) ?? { want, held: 0 }
        if (peers.some((one) => one.peer === peer && one.state === 'held')) known.held++
        copies.set(cid, known)
      }
    }
    return Math.min(...[...copies.values()].map(({ want, held }) => held - want))
  }

  released(): number {
    return this.peers.reduce((sum, { notes }) => sum + notes.filter(({ code }) => code === 'released').length, 0)
  }

  async close(): Promise<void> {
    await this.lab.close()
    this.net.close()
  }
}

suite('five peers fall apart into three and two', { skip }, () => {
  const scene = new Scene('partition')
  const cids: string[] = []
  before(async () => scene.open(5))
  after(async () => scene.close())

  test('both sides go on, and nobody lets go of anything', async () => {
    const { lab, net, hosts, peers } = scene
    const [a, b, c, d, e] = peers as [PeerProcess, PeerProcess, PeerProcess, PeerProcess, PeerProcess]
    await a.run(['writers', 'add', d.peer])
    await until('d may write', 20_000, async () => (await d.client.info()).role === 'writer')
    cids.push(...(await scene.add(a, 'before', 6, 3)), ...(await scene.add(a, 'twice', 6, 2)))
    await until('each copy is where it belongs', 90_000, async () => scene.isWhole(cids, peers))
    const released = scene.released()

    await net.cut(hosts.slice(0, 3), hosts.slice(3))
    await until('a misses d and e', 30_000, async () => {
      const down = (await a.client.peers()).filter(({ state }) => state === 'down').map(({ peer }) => peer)
      return down.includes(d.peer) && down.includes(e.peer)
    })
    await until('d misses the others', 30_000, async () => {
      const down = (await d.client.peers()).filter(({ state }) => state === 'down')
      return down.length === 3
    })
    const left = await scene.add(a, 'left', 3, 3)
    const right = await scene.add(d, 'right', 3, 2)
    await lab.agree([a, b, c], cids.length + left.length)
    await lab.agree([d, e], cids.length + right.length)
    await until('what is new on the left is whole', 60_000, async () => scene.isWhole(left, [a, b, c]))
    await until('what is new on the right is whole', 60_000, async () => scene.isWhole(right, [d, e]))
    cids.push(...left, ...right)
    assert.equal(scene.released(), released, 'nothing is let go on either side')
  })

  test('after it all have the same pins, each with as many copies as it wants, and never fewer', async () => {
    const { lab, net, hosts, peers } = scene
    const released = scene.released()
    await net.heal(hosts.slice(0, 3), hosts.slice(3))
    await lab.agree(peers, cids.length)
    let least = Infinity
    await until('all know each other again, and what is too many is gone', 90_000, async () => {
      least = Math.min(least, await scene.spare())
      return scene.isWhole(cids, peers)
    })
    assert.ok(least >= 0, `of one pin ${-least} copies were missing`)
    assert.ok(scene.released() > released, 'there was something to let go')
    const copy = join(lab.folder, 'copy')
    for (const [n, peer] of peers.entries()) {
      await peer.run(['get', cids.at(-1) as string, '-o', `${copy}-${n}`, '--timeout', '20s'])
      sameFile(join(lab.folder, 'right-2'), `${copy}-${n}`)
    }
  })
})
