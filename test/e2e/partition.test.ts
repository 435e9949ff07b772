// A network that breaks and mends, on real processes with a network of their own: both sides of a partition go on, neither lets
// go of anything, and afterwards all are one mesh again with no copy too few or too many.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { addFiles, isWhole, leastSpare, noted } from '../kit/copies.ts'
import { sameFile } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import { type Host, Namespaces, namespacesMissing } from '../kit/namespaces.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const skip = namespacesMissing()

/** Peers that trust each other, each on a host of its own. */
interface Scene {
  readonly lab: Lab
  readonly net: Namespaces
  readonly hosts: Host[]
  readonly peers: PeerProcess[]
}

async function open(scene: Scene, names: readonly string[]): Promise<void> {
  const { lab, net, hosts, peers } = scene
  const place = async (): Promise<{ host: Host }> => {
    const host = await net.host()
    hosts.push(host)
    return { host }
  }
  peers.push(...(await lab.mesh(names, place)))
  await lab.trust(peers)
}

async function close({ lab, net }: Scene): Promise<void> {
  await lab.close()
  net.close()
}

suite('five peers fall apart into three and two', { skip }, () => {
  const scene: Scene = { lab: new Lab('partition'), net: new Namespaces(), hosts: [], peers: [] }
  const { lab, net, hosts, peers } = scene
  const cids: string[] = []
  before(async () => open(scene, ['a', 'b', 'c', 'd', 'e']))
  after(async () => close(scene))

  test('both sides go on, and nobody lets go of anything', async () => {
    const [a, b, c, d, e] = peers as [PeerProcess, PeerProcess, PeerProcess, PeerProcess, PeerProcess]
    await a.run(['writers', 'add', d.peer])
    await until('d may write', 20_000, async () => (await d.client.info()).role === 'writer')
    cids.push(...(await addFiles(lab, a, { word: 'thrice', count: 6, replicas: 3 })))
    cids.push(...(await addFiles(lab, a, { word: 'twice', count: 6, replicas: 2 })))
    await until('each copy is where it belongs', 90_000, async () => isWhole(cids, peers))
    const released = noted(peers, 'released')

    await net.cut(hosts.slice(0, 3), hosts.slice(3))
    for (const [peer, missed] of [
      [a, 2],
      [d, 3]
    ] as const) {
      await until(`${missed} peers are missed`, 30_000, async () => {
        const down = (await peer.client.peers()).filter(({ state }) => state === 'down')
        return down.length === missed
      })
    }
    const left = await addFiles(lab, a, { word: 'left', count: 3, replicas: 3 })
    const right = await addFiles(lab, d, { word: 'right', count: 3, replicas: 2 })
    await lab.agree([a, b, c], cids.length + left.length)
    await lab.agree([d, e], cids.length + right.length)
    await until('what is new on the left is whole', 60_000, async () => isWhole(left, [a, b, c]))
    await until('what is new on the right is whole', 60_000, async () => isWhole(right, [d, e]))
    cids.push(...left, ...right)
    assert.equal(noted(peers, 'released'), released, 'nothing is let go on either side')
  })

  test('after it all have the same pins, each with as many copies as it wants, and never fewer', async () => {
    const released = noted(peers, 'released')
    await net.heal(hosts.slice(0, 3), hosts.slice(3))
    await lab.agree(peers, cids.length)
    let least = Infinity
    await until('all know each other again, and what is too many is gone', 90_000, async () => {
      least = Math.min(least, await leastSpare(peers))
      return isWhole(cids, peers)
    })
    assert.ok(least >= 0, `of one pin ${-least} copies were missing`)
    assert.ok(noted(peers, 'released') > released, 'there was something to let go')
    for (const [n, peer] of peers.entries()) {
      const copy = join(lab.folder, `copy-${n}`)
      await peer.run(['get', cids.at(-1) as string, '-o', copy, '--timeout', '20s'])
      sameFile(join(lab.folder, 'right-2'), copy)
    }
  })
})

suite('one of three does not hear another, who hears him', { skip }, () => {
  const scene: Scene = { lab: new Lab('one-way'), net: new Namespaces(), hosts: [], peers: [] }
  const { lab, net, hosts, peers } = scene
  before(async () => open(scene, ['a', 'b', 'c']))
  after(async () => close(scene))

  test('the third brings them together: pins and copies go on, and nothing is let go', async () => {
    const [a, b, c] = peers as [PeerProcess, PeerProcess, PeerProcess]
    await a.run(['writers', 'add', b.peer])
    await until('b may write', 20_000, async () => (await b.client.info()).role === 'writer')
    await net.deafen(hosts[1] as Host, hosts[0] as Host)
    const cids = await addFiles(lab, a, { word: 'unheard', count: 3, replicas: 3 })
    cids.push(...(await addFiles(lab, b, { word: 'heard', count: 3, replicas: 3 })))
    await lab.agree(peers, cids.length)
    await until('each pin is everywhere', 90_000, async () => isWhole(cids, peers))
    assert.equal((await c.client.peers()).filter(({ state }) => state === 'alive').length, 3)
    await net.undeafen(hosts[1] as Host, hosts[0] as Host)
    cids.push(...(await addFiles(lab, a, { word: 'again', count: 3, replicas: 3 })))
    await until('each pin is everywhere again', 90_000, async () => isWhole(cids, peers))
    await lab.meet(peers)
    assert.equal(noted(peers, 'released'), 0)
  })
})
