// The core of what peers owe each other, as real processes: copies and repair, and that everybody comes to the same
// pinset however late, stopped, started anew or cut off he was. Run with gossip and, in other files, without, since gossip
// is a hint; and over each carrier alone.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { inlineCid } from '../kit/cids.ts'
import { sameFile, writeBytes } from '../kit/files.ts'
import { Lab, type LabInit } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { freePort } from '../kit/ports.ts'
import { until } from '../kit/until.ts'
import { Wire } from '../kit/wire.ts'

/** `peers`: how many there are before one comes late. */
export function coreSuite(name: string, init: LabInit & { peers: number }): void {
  suite(`${name}: copies and the late`, () => copiesAndTheLate(name, init))
  suite(`${name}: a cut`, () => oneIsCutOff(name, init))
}

/** So many tiny pins, each made of `word`; their CIDs. */
async function pinMany(peer: PeerProcess, word: string, count: number): Promise<string[]> {
  const cids = Array.from({ length: count }, (_none, n) => inlineCid(`${word} ${n}`))
  for (const answer of await peer.client.pins.add(cids.map((cid) => ({ cid, replicas: 1 })))) {
    assert.ok(!('error' in answer), JSON.stringify(answer))
  }
  return cids
}

function copiesAndTheLate(name: string, init: LabInit & { peers: number }): void {
  const lab = new Lab('core', init)
  const names = ['a', 'b', 'c', 'd', 'e'].slice(0, init.peers)
  const file = writeBytes(join(lab.folder, 'file.bin'), name, 1_500_000)
  let peers: PeerProcess[] = []
  let a: PeerProcess
  let pins = 0
  after(async () => lab.close())

  test(`${init.peers} processes keep a file twice, and each of them can read it`, async () => {
    peers = await lab.mesh(names)
    a = peers[0] as PeerProcess
    const [added] = await a.run(['add', file, '-r', '2', '--wait', '--timeout', '40s'])
    pins++
    for (const [n, peer] of peers.entries()) {
      await until(`peer ${n} sees two copies`, 30_000, async () => (await peer.status(String(added?.cid))).have >= 2)
      const copy = join(lab.folder, `copy-${n}`)
      await peer.run(['get', String(added?.cid), '-o', copy, '--timeout', '20s'])
      sameFile(file, copy)
    }
  })

  test('a peer that comes later gets every pin', async () => {
    await pinMany(a, 'before it', 200)
    pins += 200
    peers.push(await lab.join('late', a))
    await lab.agree(peers, pins)
  })

  test('a peer that stands still for a moment catches up, and nobody takes it for dead', async () => {
    const c = peers[2] as PeerProcess
    const seen = a.notes.length
    c.signal('SIGSTOP')
    await pinMany(a, 'a moment', 50)
    pins += 50
    await lab.agree([a, peers[1] as PeerProcess], pins)
    c.signal('SIGCONT')
    await lab.agree(peers, pins)
    assert.equal((await a.knows(c.peer))?.state, 'alive')
    const said = a.notes.slice(seen).filter(({ text, peer }) => peer === c.peer && /down/.test(text))
    assert.deepEqual(said, [])
  })

  test('a peer that stands still until it counts as dead catches up and is alive again', async () => {
    const c = peers[2] as PeerProcess
    c.signal('SIGSTOP')
    await until('c is down', 30_000, async () => (await a.knows(c.peer))?.state === 'down')
    await pinMany(a, 'long', 50)
    pins += 50
    c.signal('SIGCONT')
    await lab.agree(peers, pins)
    await until('c is alive', 30_000, async () => (await a.knows(c.peer))?.state === 'alive')
  })

  test('a peer that is started anew has what was pinned meanwhile; so have all, after all were', async () => {
    const restarted = async (at: number): Promise<void> => void (peers[at] = await lab.start(names[at] as string))
    await (peers[1] as PeerProcess).stop()
    await pinMany(a, 'without b', 50)
    pins += 50
    await restarted(1)
    await lab.agree(peers, pins)
    const late = peers.at(-1) as PeerProcess
    await Promise.all(peers.slice(0, -1).map(async (peer) => peer.stop()))
    await Promise.all(names.map(async (_name, at) => restarted(at)))
    a = peers[0] as PeerProcess
    await lab.agree(peers, pins)
    await lab.meet(peers)
    assert.equal((await late.client.info()).pins, pins)
  })

  test('a killed holder is replaced, and the file can be read from the new one', async () => {
    await lab.meet(peers)
    const [added] = await a.run(['add', writeBytes(join(lab.folder, 'two'), 'two', 900_000), '-r', '2', '--wait'])
    const cid = String(added?.cid)
    const victim = await until('a holder besides the founder', 30_000, async () => {
      const duties = (await a.status(cid)).peers.filter(({ state, target }) => state === 'held' && target)
      return peers.find(({ peer }) => peer !== a.peer && duties.some((duty) => duty.peer === peer))
    })
    await victim.kill()
    const heir = await until('a new holder', 60_000, async () => {
      const now = (await a.holders(cid)).filter((peer) => peer !== victim.peer)
      return now.length >= 2 && peers.find(({ peer }) => peer !== a.peer && now.includes(peer))
    })
    const copy = join(lab.folder, 'two-back')
    await heir.run(['get', cid, '-o', copy, '--timeout', '20s'])
    sameFile(join(lab.folder, 'two'), copy)
  })
}

/** a and b reach each other directly; whatever leads to or from c goes over wires. */
function oneIsCutOff(name: string, init: LabInit): void {
  const lab = new Lab('cut', init)
  const wires: Wire[] = []
  let peers: PeerProcess[] = []

  const behindWire = async (peer: string): Promise<string[]> => {
    const [door] = await lab.doorsOf(peer)
    const port = await freePort()
    wires.push(await Wire.lay(port, door.port))
    return ['--announce', `/ip4/127.0.0.1/tcp/${port}${door.tail}`]
  }

  before(async () => {
    const a = await lab.found('a', { flags: await behindWire('a') })
    const [direct] = await lab.doorsOf('a')
    const b = await lab.join('b', `/ip4/127.0.0.1/tcp/${direct.port}${direct.tail}/p2p/${a.peer}`, {
      flags: await behindWire('b')
    })
    const c = await lab.join('c', a, { flags: await behindWire('c') })
    peers = [a, b, c]
    await lab.meet(peers)
  })
  after(async () => {
    for (const wire of wires) wire.remove()
    await lab.close()
  })

  test(`what both sides of a cut write is everywhere after it (${name})`, async () => {
    const [a, b, c] = peers as [PeerProcess, PeerProcess, PeerProcess]
    await a.run(['writers', 'add', c.peer])
    await until('c may write', 20_000, async () => (await c.client.info()).role === 'writer')
    for (const wire of wires) wire.cut()
    await until('a misses c', 30_000, async () => (await a.knows(c.peer))?.state === 'down')
    await until('c misses a', 30_000, async () => (await c.knows(a.peer))?.state === 'down')
    assert.equal((await a.knows(b.peer))?.state, 'alive')
    await pinMany(a, 'on the side of a', 100)
    await pinMany(c, 'on the side of c', 100)
    await lab.agree([a, b], 100)
    await lab.agree([c], 100)
    for (const wire of wires) wire.mend()
    await lab.agree(peers, 200, 60_000)
    await lab.meet(peers)
  })
}
