// Peers whose content is in real Kubo daemons, alone and beside embedded ones; and what becomes of them when their Kubo dies,
// hangs, or has to be shared.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { absentCid } from '../kit/cids.ts'
import { sameFile, writeBytes } from '../kit/files.ts'
import { Kubo, withoutKubo } from '../kit/kubo.ts'
import { Lab } from '../kit/lab.ts'
import { type Ran, runMesh } from '../kit/mesh.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const flagsOf = (kubo: Kubo): { flags: string[] } => ({ flags: ['--kubo', kubo.api] })

describe('three peers on three Kubos', { skip: withoutKubo }, () => {
  const lab = new Lab('kubo')
  const kubos: Kubo[] = []
  let peers: PeerProcess[] = []
  let a: PeerProcess
  let file: string
  let cid: string

  after(async () => {
    await lab.close()
    for (const kubo of kubos) await kubo.remove()
  })

  const state = async (of: PeerProcess): Promise<string | undefined> => (await a.knows(of.peer))?.store
  const read = async (at: PeerProcess, name: string): Promise<void> => {
    const copy = join(lab.folder, name)
    await at.run(['get', cid, '-o', copy, '--timeout', '30s'])
    sameFile(file, copy)
  }

  test('copies are made from Kubo to Kubo, and each peer can read them', async () => {
    for (let n = 0; n < 4; n++) kubos.push(await Kubo.start())
    a = await lab.found('a', flagsOf(kubos[0]!))
    peers = [a, await lab.join('b', a, flagsOf(kubos[1]!)), await lab.join('c', a, flagsOf(kubos[2]!))]
    await lab.meet(peers)
    assert.deepEqual(
      (await a.client.peers()).map(({ backend }) => backend),
      ['kubo', 'kubo', 'kubo']
    )
    file = writeBytes(join(lab.folder, 'one.bin'), 'one', 5_000_000)
    const [added] = await a.run(['add', file, '-r', '3', '--wait', '--timeout', '80s'])
    cid = String(added?.cid)
    for (const kubo of kubos.slice(0, 3)) assert.match((await kubo.pins())[cid] ?? '', /^pinmesh /)
    for (const [n, peer] of peers.entries()) await read(peer, `one-${n}`)
  })

  test('a peer killed with its Kubo is replaced by another, and comes back with its copy', async () => {
    const d = await lab.join('d', a, flagsOf(kubos[3]!))
    peers.push(d)
    await lab.meet(peers)
    for (const { peer } of peers.slice(1)) await a.client.trust.vouch(peer)
    const victim = peers[1]!
    await victim.kill()
    await kubos[1]!.end()
    await until('d holds it', 60_000, async () => (await a.holders(cid)).includes(d.peer))
    assert.ok(cid in (await kubos[3]!.pins()))
    await read(d, 'repaired')
    // Its Kubo is still away: the peer starts, and says so.
    peers[1] = await lab.start('b')
    await until('it says that its back end is away', 60_000, async () => (await state(peers[1]!)) === 'failing')
    await kubos[1]!.run()
    await until('it is well again', 60_000, async () => (await state(peers[1]!)) === 'ok')
    await until('its copy counts again', 60_000, async () => (await a.holders(cid)).includes(peers[1]!.peer))
    await read(peers[1]!, 'back')
  })

  test('a Kubo that hangs makes its peer say so, and another peer stands in', async () => {
    const holders = async (): Promise<string[]> => {
      const said = await a.status(cid)
      const usable = (await a.client.peers()).filter(({ store }) => store === 'ok').map(({ peer }) => peer)
      return said.peers.filter((one) => one.state === 'held' && usable.includes(one.peer)).map(({ peer }) => peer)
    }
    await until('three hold it', 60_000, async () => (await holders()).length === 3)
    const first = await holders()
    const victim = peers.findIndex(({ peer }) => peer !== a.peer && first.includes(peer))
    kubos[victim]!.signal('SIGSTOP')
    await until('it says so', 60_000, async () => (await state(peers[victim]!)) === 'failing')
    await until('another takes its place', 60_000, async () => {
      const now = await holders()
      return now.length === 3 && now.some((peer) => !first.includes(peer))
    })
    kubos[victim]!.signal('SIGCONT')
    await until('it is well again', 60_000, async () => (await state(peers[victim]!)) === 'ok')
    assert.equal(await peers[victim]!.client.info().then(({ store }) => store), 'ok')
  })

  test('a copy that somebody took away from a Kubo is missed and made again', async () => {
    // Of one that is asked to hold it: an extra copy would not be made again.
    const isTarget = async ({ peer }: PeerProcess): Promise<boolean> =>
      (await a.status(cid)).peers.some((one) => one.peer === peer && one.target && one.state === 'held')
    const targets = await Promise.all(peers.map(isTarget))
    const at = targets.indexOf(true)
    const [peer, kubo] = [peers[at]!, kubos[at]!]
    await until('its Kubo has it', 60_000, async () => cid in (await kubo.pins()))
    await kubo.call(`pin/rm?arg=${cid}`)
    await kubo.end()
    await until('it says that its Kubo is away', 60_000, async () => (await peer.client.info()).store === 'failing')
    await kubo.run()
    await until('it has it pinned again', 60_000, async () => cid in (await kubo.pins()))
    await until('it has said so', 10_000, () => peer.notes.some(({ code }) => code === 'content-lost'))
  })

  test('what nobody has holds up nothing, and is shown with its reason', async () => {
    const absent = Array.from({ length: 20 }, (_none, n) => absentCid(`nowhere ${n}`))
    for (const one of absent) await a.client.pins.add([{ cid: one, replicas: 2 }])
    const other = writeBytes(join(lab.folder, 'beside'), 'beside', 300_000)
    await a.run(['add', other, '-r', '3', '--wait', '--timeout', '80s'])
    await until('a reason', 90_000, async () => {
      const said = (await a.status(absent[0]!)).peers
      return said.some(({ state: is, reason }) => is === 'failed' && /no peer gave/.test(reason ?? ''))
    })
    await a.client.pins.rm(absent)
  })

  test('what is unpinned goes from Kubo after the trash time, and others’ pins stay', async () => {
    const theirs = await kubos[0]!.add(new Uint8Array(Buffer.from('theirs')), { pin: true })
    const bytes = writeBytes(join(lab.folder, 'short'), 'short', 10_000)
    const [added] = await a.run(['add', bytes, '-r', '3', '--wait', '--timeout', '80s'])
    await a.client.pins.add([{ cid: theirs, replicas: 3 }])
    await until('three hold it', 60_000, async () => (await a.status(theirs)).have === 3)
    await a.client.pins.rm([String(added?.cid), theirs])
    await until('ours is gone', 120_000, async () => {
      const pins = await Promise.all(kubos.map(async (kubo) => kubo.pins()))
      return pins.every((one) => !(String(added?.cid) in one)) && pins.slice(1).every((one) => !(theirs in one))
    })
    assert.ok(theirs in (await kubos[0]!.pins()))
  })
})

describe('a mixed mesh', { skip: withoutKubo }, () => {
  const lab = new Lab('kubo-mixed')
  let kubo: Kubo
  after(async () => {
    await lab.close()
    await kubo.remove()
  })

  test('content passes between a Kubo and an embedded store directly, either way', async () => {
    kubo = await Kubo.start()
    const a = await lab.found('a', flagsOf(kubo))
    const b = await lab.join('b', a)
    await lab.meet([a, b])
    await a.client.trust.addWriter(b.peer)
    for (const [n, from] of [a, b].entries()) {
      const file = writeBytes(join(lab.folder, `from ${n}`), `from ${n}`, 3_000_000)
      const [added] = await from.run(['add', file, '-r', '2', '--wait', '--timeout', '80s'])
      const to = n === 0 ? b : a
      const copy = join(lab.folder, `copy ${n}`)
      await to.run(['get', String(added?.cid), '-o', copy, '--timeout', '30s'])
      sameFile(file, copy)
    }
    const members = (await a.client.peers()).map(({ backend }) => backend).sort()
    assert.deepEqual(members, ['helia', 'kubo'])
    const swarm = JSON.parse(await kubo.call('swarm/peers')) as { Peers: { Peer: string }[] }
    assert.ok(
      swarm.Peers.some(({ Peer }) => Peer === b.peer),
      'the two are neighbours'
    )
  })
})

describe('which Kubo a home may use', { skip: withoutKubo }, () => {
  const lab = new Lab('kubo-door')
  const kubos: Kubo[] = []
  after(async () => {
    await lab.close()
    for (const kubo of kubos) await kubo.remove()
  })

  test('one that does not answer is refused before anything is set up', async () => {
    const { code, lines } = await meshAt(['init', '--kubo', '/ip4/127.0.0.1/tcp/9'])
    assert.equal(code, 2)
    assert.match(JSON.stringify(lines), /MESH_KUBO_UNREACHABLE/)
    assert.equal((await meshAt(['init', '--kubo', 'http://127.0.0.1:5001'])).code, 1)
    kubos.push(await Kubo.start(), await Kubo.start())
    assert.equal((await meshAt(['init', '--kubo', kubos[0]!.api, '--open'])).code, 0)
  })

  test('a home that holds content is not started on another back end', async () => {
    const a = await lab.found('a', flagsOf(kubos[0]!))
    await a.run(['add', writeBytes(join(lab.folder, 'kept'), 'kept', 1000), '-r', '1', '--anyway', '--wait'])
    await a.stop()
    for (const other of ['off', kubos[1]!.api]) {
      const { code, lines } = await meshAt(['start', '--kubo', other, '--home', lab.homeOf('a')])
      assert.equal(code, 2)
      assert.match(JSON.stringify(lines), /MESH_BACKEND_CHANGED/)
    }
    const again = await lab.start('a')
    assert.equal((await again.client.peers())[0]?.backend, 'kubo')
  })

  test('the Kubo of another member is refused, unless it is said to be meant', async () => {
    const a = await lab.found('first', flagsOf(kubos[1]!))
    await assert.rejects(lab.join('second', a, flagsOf(kubos[1]!)), /MESH_BACKEND_SHARED|the same Kubo/)
    const flags = ['--kubo', kubos[1]!.api, '--shared-backend']
    const second = await lab.join('second', a, { flags })
    await lab.meet([a, second])
    const [added] = await a.run(['add', writeBytes(join(lab.folder, 'once'), 'once', 1000), '-r', '2', '--anyway'])
    await until('it is held', 30_000, async () => (await a.status(String(added?.cid))).have === 1)
  })

  const meshAt = async (args: readonly string[]): Promise<Ran> =>
    runMesh([...args, ...(args.includes('--home') ? [] : ['--home', lab.homeOf('door')]), '--json'])
})
