// A peer whose disk runs full, on a small file system of its own: it stays alive and readable, says that it is full, takes
// nothing new and loses nothing, and is a peer like any other again as soon as there is room.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { absentCid } from '../kit/cids.ts'
import { sameFile, writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { SmallDisk, smallDiskMissing } from '../kit/small-disk.ts'
import { until } from '../kit/until.ts'

const skip = smallDiskMissing()
const megabytes = 96
const waitMs = 60_000

suite('a peer on a disk that runs full', { skip }, () => {
  const lab = new Lab('full-disk')
  let disk: SmallDisk
  let a: PeerProcess
  let b: PeerProcess
  let c: PeerProcess
  let first = ''
  let second = ''
  const acknowledged: string[] = []

  before(async () => {
    disk = new SmallDisk(megabytes, lab.homeOf('b'))
    a = await lab.found('a')
    b = await lab.join('b', a, { flags: ['--space', '1GB'] })
    c = await lab.join('c', a)
    await lab.meet([a, b, c])
    await a.run(['writers', 'add', b.peer])
    await until('b may write', waitMs, async () => (await b.client.info()).role === 'writer')
  })
  after(async () => {
    disk.remove()
    await lab.close()
  })

  const storeOf = async (at: PeerProcess, peer: PeerProcess): Promise<string | undefined> =>
    (await at.knows(peer.peer))?.store

  /** One pin by b; the code with which it was refused, if it was. */
  async function pinAtB(word: string): Promise<string | undefined> {
    const cid = absentCid(word)
    const [answer] = await b.client.pins.add([{ cid, replicas: 1 }])
    assert.ok(answer !== undefined)
    if ('error' in answer) return answer.error.code
    acknowledged.push(answer.cid)
    return undefined
  }

  async function has(peer: PeerProcess, cids: readonly string[]): Promise<boolean> {
    const there = new Set<string>()
    for await (const pins of peer.client.pins.ls()) for (const { cid } of pins) there.add(cid)
    return cids.every((cid) => there.has(cid))
  }

  test('pins are acknowledged until the disk is full, and then refused in a sentence', async () => {
    const file = writeBytes(join(lab.folder, 'first'), 'first', 2_000_000)
    const [added] = await a.run(['add', file, '-r', '3', '--wait', '--timeout', '60s'])
    first = String(added?.cid)
    for (let n = 0; n < 20; n++) assert.equal(await pinAtB(`before ${n}`), undefined)
    disk.fill()
    const code = await until('a pin is refused', waitMs, async () => pinAtB(`full ${acknowledged.length}`))
    assert.equal(code, 'MESH_DISK_FULL')
    const said = await b.try(['pin', absentCid('refused'), '-r', '1'])
    assert.equal(said.code, 2)
    assert.match(said.out, /MESH_DISK_FULL/)
    assert.match(said.out, /"remedy":"[^"]+"/)
  })

  test('it says that it is full, is alive, and can be read', async () => {
    await until('a knows that b is full', waitMs, async () => (await storeOf(a, b)) === 'full')
    assert.equal(await storeOf(b, b), 'full')
    assert.equal((await a.knows(b.peer))?.state, 'alive')
    assert.ok(await has(b, [first, ...acknowledged]))
    const copy = join(lab.folder, 'first-of-b')
    await b.run(['get', first, '-o', copy, '--timeout', '30s'])
    sameFile(join(lab.folder, 'first'), copy)
  })

  test('what it holds counts, and it is given nothing new', async () => {
    const file = writeBytes(join(lab.folder, 'second'), 'second', 3_000_000)
    const [added] = await a.run(['add', file, '-r', '3', '--anyway'])
    second = String(added?.cid)
    await until('the two others hold it', waitMs, async () => (await a.holders(second)).length === 2)
    assert.ok(!(await a.holders(second)).includes(b.peer))
    assert.ok((await a.holders(first)).includes(b.peer))
    assert.equal(await storeOf(a, b), 'full')
    assert.equal((await a.knows(b.peer))?.state, 'alive')
  })

  test('once there is room it recovers by itself, and nothing that was acknowledged is lost', async () => {
    disk.clear()
    await until('a knows that b is well', waitMs, async () => (await storeOf(a, b)) === 'ok')
    for (let n = 0; n < 20; n++) assert.equal(await pinAtB(`after ${n}`), undefined)
    await until('b holds its share again', waitMs, async () => (await a.holders(second)).includes(b.peer))
    for (const peer of [a, b, c]) {
      await until(`every pin at ${peer.peer}`, waitMs, async () => has(peer, [first, second, ...acknowledged]))
    }
    await lab.agree([a, b, c], acknowledged.length + 2)
    const refused = absentCid('refused')
    assert.ok(!(await has(b, [refused])), 'what was refused did not come to light')
  })

  test('after kill -9 it all is there still', async () => {
    await b.kill()
    b = await lab.start('b', { flags: ['--space', '1GB'] })
    assert.ok(await has(b, [first, second, ...acknowledged]))
    await lab.meet([a, b, c])
    await lab.agree([a, b, c], acknowledged.length + 2)
    assert.equal(b.stderr.includes('    at '), false)
  })
})
