// A peer that is to hold a pin and cannot, though it is alive: it has no room, or a firewall stands between it and all
// holders. Another stands in for it, so that there are never too few copies, and goes again by the release rule once the
// peer can.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { isWhole } from '../kit/copies.ts'
import { writeBytes } from '../kit/files.ts'
import { Lab, type PeerInit } from '../kit/lab.ts'
import { type Host, Namespaces, namespacesMissing } from '../kit/namespaces.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const fileBytes = 300_000
/** Less than one file, and than what is worth a try. */
const tooLittle: PeerInit = { flags: ['--space', '50000'] }

/** Files added by `by` that it and `target` are to hold; their CIDs. */
async function addOn(lab: Lab, by: PeerProcess, target: PeerProcess): Promise<string[]> {
  const paths = [1, 2, 3].map((n) => writeBytes(join(lab.folder, `file-${n}`), `file ${n}`, fileBytes))
  return (await by.run(['add', ...paths, '-r', '2', '--on', `${by.peer},${target.peer}`])).map(({ cid }) => String(cid))
}

/** Is each held twice, by none of which it was asked of in vain, though that peer is alive? */
async function stoodInFor(cids: readonly string[], target: PeerProcess, by: PeerProcess): Promise<boolean> {
  if ((await by.knows(target.peer))?.state !== 'alive') return false
  for (const cid of cids) {
    const { peers } = await by.status(cid)
    const holders = peers.filter(({ state }) => state === 'held')
    const aim = peers.find(({ peer }) => peer === target.peer)
    if (holders.length < 2 || aim?.target !== true || aim.state === 'held') return false
    if (!holders.some((holder) => !holder.target)) return false
  }
  return true
}

suite('a target without room', () => {
  const lab = new Lab('no-room')
  let peers: PeerProcess[] = []
  before(async () => {
    peers = await lab.mesh(['a', 'b', 'c', 'small'], async (name) => (name === 'small' ? tooLittle : {}))
    await lab.trust(peers)
  })
  after(async () => lab.close())

  test('another stands in for it, and goes once it has room', async () => {
    const [a, , , small] = peers as [PeerProcess, PeerProcess, PeerProcess, PeerProcess]
    const cids = await addOn(lab, a, small)
    await until('another holds each pin', 60_000, async () => stoodInFor(cids, small, a))
    for (const cid of cids) {
      const said = (await a.status(cid)).peers.find(({ peer }) => peer === small.peer)
      assert.match(String(said?.reason), /room/)
    }
    await small.run(['config', 'set', 'space', '100MB'])
    await until('it holds them itself, and nobody else too many', 120_000, async () => isWhole(cids, peers))
    assert.equal((await small.client.info()).holding, cids.length)
  })
})

suite('a target behind a firewall', { skip: namespacesMissing() }, () => {
  const lab = new Lab('firewall')
  const net = new Namespaces()
  const hosts: Host[] = []
  let peers: PeerProcess[] = []
  before(async () => {
    peers = await lab.mesh(['a', 'b', 'apart', 'between'], async (name) => {
      const host = await net.host()
      hosts.push(host)
      return name === 'between' ? { host, ...tooLittle } : { host }
    })
    await lab.trust(peers)
  })
  after(async () => {
    await lab.close()
    net.close()
  })

  test('it is heard through one that holds nothing, another stands in for it, and goes once the way is free', async () => {
    const [a, , apart] = peers as [PeerProcess, PeerProcess, PeerProcess]
    const [holders, fenced] = [hosts.slice(0, 2), hosts.slice(2, 3)]
    await net.cut(holders, fenced)
    const cids = await addOn(lab, a, apart)
    await until('another holds each pin', 90_000, async () => stoodInFor(cids, apart, a))
    await net.heal(holders, fenced)
    await until('it holds them itself, and nobody else too many', 150_000, async () => isWhole(cids, peers))
    assert.equal((await apart.client.info()).holding, cids.length)
  })
})
