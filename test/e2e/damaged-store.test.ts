// Stores and blocks that were damaged, cut short, removed or put back from a backup while the peer was off: it is noticed at the
// start, and what was lost comes back from the others; or the start is refused in a sentence, and nothing is touched. No writer
// ever contradicts itself, and nothing that was acknowledged is lost.

import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { inlineCid } from '../kit/cids.ts'
import { filesIn, sameFile, writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const waitMs = 60_000

suite('damaged stores', () => {
  const lab = new Lab('damaged')
  let a: PeerProcess
  let b: PeerProcess
  let c: PeerProcess
  let file = ''
  let pins = 0

  before(async () => {
    ;[a, b, c] = (await lab.mesh(['a', 'b', 'c'])) as [PeerProcess, PeerProcess, PeerProcess]
    const path = writeBytes(join(lab.folder, 'file'), 'file', 3_000_000)
    const [added] = await a.run(['add', path, '-r', '3', '--wait', '--timeout', '60s'])
    file = String(added?.cid)
    pins = 1
    await pinAtA('first', 200)
    await lab.agree([a, b, c], pins)
    for (const name of ['a', 'b', 'c']) {
      await until(`${name} has noted the others`, waitMs, () => existsSync(join(lab.homeOf(name), 'peers.json')))
    }
  })
  after(async () => lab.close())

  async function pinAtA(word: string, count: number): Promise<void> {
    const wishes = Array.from({ length: count }, (_none, n) => ({ cid: inlineCid(`${word} ${n}`), replicas: 1 }))
    for (const answer of await a.client.pins.add(wishes)) assert.ok(!('error' in answer), JSON.stringify(answer))
    pins += count
  }

  const store = (name: string): string => join(lab.homeOf(name), 'store')

  /** The largest file of the store whose name matches. */
  function largest(name: string, pattern: RegExp): string {
    const found = readdirSync(store(name))
      .filter((one) => pattern.test(one))
      .map((one) => join(store(name), one))
      .sort((one, other) => statSync(other).size - statSync(one).size)[0]
    assert.ok(found !== undefined, `${name} has a file like ${pattern}`)
    return found
  }

  function flip(path: string): void {
    const bytes = readFileSync(path)
    const at = bytes.length >> 1
    bytes[at] = (bytes[at] as number) ^ 16
    writeFileSync(path, bytes)
  }

  /** Everything is as before, at every peer, and b can be written through. */
  async function isWell(peer: PeerProcess): Promise<void> {
    await lab.meet([a, b, c])
    await lab.agree([a, b, c], pins)
    await until('its copy counts again', waitMs, async () => (await a.holders(file)).includes(peer.peer))
    for (const one of [a, b, c]) {
      assert.deepEqual(
        one.notes.filter(({ code }) => code === 'fork'),
        []
      )
      assert.ok(!one.stderr.includes('    at '), one.stderr)
    }
  }

  async function wasRebuilt(peer: PeerProcess, why = /./): Promise<void> {
    const note = await until('it says so', waitMs, () => peer.notes.find(({ code }) => code === 'store-rebuilt'))
    assert.match(note.text, /damaged or lost/)
    assert.match(String(note.reason), why)
  }

  const damages: Record<string, () => void> = {
    'a changed byte in a table': () => flip(largest('b', /\.ldb$/)),
    // What was never promised to be durable may be cut off as by a crash; this is all of it.
    'a log that was cut short': () => truncateSync(largest('b', /\.log$/), 100),
    'a folder that was emptied': () => {
      for (const name of readdirSync(store('b'))) rmSync(join(store('b'), name))
    },
    'a folder that was removed': () => rmSync(store('b'), { recursive: true })
  }

  for (const [what, damage] of Object.entries(damages)) {
    test(`${what}: the store is built anew from the others, and the content is held again`, async () => {
      const blocks = filesIn(join(lab.homeOf('b'), 'blocks', 'blocks'))
      await b.kill()
      damage()
      b = await lab.start('b')
      await wasRebuilt(b)
      await isWell(b)
      assert.deepEqual(filesIn(join(lab.homeOf('b'), 'blocks', 'blocks')), blocks)
    })
  }

  test("another peer's store in its place: it is built anew, and neither is taken for the other", async () => {
    await b.kill()
    await c.kill()
    for (const path of [store('b'), `${store('b')}.mark`]) rmSync(path, { recursive: true, force: true })
    cpSync(store('c'), store('b'), { recursive: true })
    c = await lab.start('c')
    b = await lab.start('b')
    await wasRebuilt(b, new RegExp(`is that of ${c.peer}`))
    await isWell(b)
  })

  test("the writer's store: it is built anew, and the writer goes on where it ended", async () => {
    await a.kill()
    const log = largest('a', /\.log$/)
    truncateSync(log, statSync(log).size >> 1)
    a = await lab.start('a')
    await wasRebuilt(a)
    await until('all pins are back', waitMs, async () => (await a.client.info()).pins === pins)
    await until('it may write again', waitMs, async () => {
      const [answer] = await a.client.pins.add([{ cid: inlineCid('after the loss'), replicas: 1 }])
      return answer !== undefined && !('error' in answer)
    })
    pins++
    await pinAtA('second', 50)
    await isWell(a)
  })

  test('the store and the table of the blocks gone at once, and ended anew before anything is back: the only copy stays', async () => {
    const path = writeBytes(join(lab.folder, 'both'), 'both', 900_000)
    const [added] = await a.run(['add', path, '-r', '1', '--on', a.peer, '--wait', '--timeout', '60s'])
    const both = String(added?.cid)
    pins++
    await lab.agree([a, b, c], pins)
    await a.kill()
    rmSync(store('a'), { recursive: true })
    rmSync(join(lab.homeOf('a'), 'blocks', 'pins'), { recursive: true })
    a = await lab.start('a')
    await a.kill()
    a = await lab.start('a')
    const copy = join(lab.folder, 'both, again')
    await a.run(['get', both, '-o', copy, '--timeout', '30s'])
    sameFile(path, copy)
    await until('it is held', waitMs, async () => (await b.holders(both)).includes(a.peer))
    await isWell(a)
    await a.run(['gc'])
    await a.run(['get', both, '-o', `${copy} after a collection`, '--timeout', '30s'])
  })

  test("the writer's whole home put back from a backup: it is heard, and what it wrote since is not lost", async () => {
    await a.kill()
    cpSync(lab.homeOf('a'), join(lab.folder, 'backup'), { recursive: true })
    a = await lab.start('a')
    await lab.meet([a, b, c])
    await pinAtA('after the backup', 50)
    await lab.agree([a, b, c], pins)
    await a.kill()
    rmSync(lab.homeOf('a'), { recursive: true })
    cpSync(join(lab.folder, 'backup'), lab.homeOf('a'), { recursive: true })
    a = await lab.start('a')
    await pinAtA('from the backup on', 50)
    await lab.meet([a, b, c])
    await lab.agree([a, b, c], pins)
    await until('its copy counts again', waitMs, async () => (await b.holders(file)).includes(a.peer))
  })

  test('blocks that were changed or removed are fetched again', async () => {
    await c.kill()
    const folder = join(lab.homeOf('c'), 'blocks', 'blocks')
    flip(join(folder, filesIn(folder)[0] as string))
    c = await lab.start('c')
    const copy = join(lab.folder, 'copy')
    await c.run(['get', file, '-o', copy, '--timeout', '30s'])
    sameFile(join(lab.folder, 'file'), copy)
    await until('it says so', waitMs, () => c.notes.some(({ code }) => code === 'content-lost'))
    // By its own word: the others may not yet have heard that it was lost.
    await until('it holds it again', waitMs, () => c.notes.some(({ code, cid }) => code === 'held' && cid === file))
    await c.kill()
    rmSync(join(lab.homeOf('c'), 'blocks'), { recursive: true })
    c = await lab.start('c')
    await until('it says so', waitMs, () => c.notes.some(({ code }) => code === 'content-missing'))
    await until('the blocks are there again', waitMs, async () => {
      return (await a.holders(file)).includes(c.peer) && filesIn(folder).length > 0
    })
    await isWell(c)
  })

  test('the table of the blocks damaged or gone: the only copy of a file is still there, and pinned without a fetch', async () => {
    const path = writeBytes(join(lab.folder, 'only'), 'only', 900_000)
    const [added] = await a.run(['add', path, '-r', '1', '--on', a.peer, '--wait', '--timeout', '60s'])
    const only = String(added?.cid)
    pins++
    const table = join(lab.homeOf('a'), 'blocks', 'pins')
    const harms: [string, () => void][] = [
      [
        'cut short',
        () => readdirSync(table).forEach((name) => /\.(log|ldb)$/.test(name) && truncateSync(join(table, name), 100))
      ],
      ['gone', () => rmSync(table, { recursive: true })]
    ]
    for (const [what, harm] of harms) {
      await a.kill()
      harm()
      a = await lab.start('a')
      const copy = join(lab.folder, `only, ${what}`)
      await a.run(['get', only, '-o', copy, '--timeout', '30s'])
      sameFile(path, copy)
      await until(`it is held, ${what}`, waitMs, async () => (await b.holders(only)).includes(a.peer))
      assert.ok(!a.notes.some(({ code, cid }) => code === 'content-lost' && cid === only), what)
    }
    await until('it says so', waitMs, () => a.notes.some(({ code }) => code === 'blocks-mended'))
    await pinAtA('besides', 200)
    await isWell(a)
  })

  test('where nobody can be asked the start is refused in a sentence, and nothing is touched', async () => {
    for (const peer of [a, b, c]) await peer.kill()
    flip(largest('b', /\.log$/))
    const before = filesIn(store('b'))
    await assert.rejects(lab.start('b'), /MESH_STORE_DAMAGED[^]*mesh start --salvage/)
    assert.deepEqual(filesIn(store('b')), before)
  })

  test('where nobody can be asked and the owner wants that, a writer goes on with what can be read, and nothing is lost', async () => {
    flip(largest('a', /\.log$/))
    const damaged = filesIn(store('a'))
    await assert.rejects(lab.start('a'), /MESH_STORE_DAMAGED/)
    a = await lab.start('a', { flags: ['--salvage'] })
    const note = await until('it says so', waitMs, () => a.notes.find(({ code }) => code === 'store-salvaged'))
    assert.ok(Number(note.pins) > pins / 2 && note.lost === 0, JSON.stringify(note))
    assert.deepEqual(filesIn(String(note.aside)), damaged)
    const known = (await a.client.info()).pins
    assert.equal(known, note.pins)
    const copy = join(lab.folder, 'salvaged')
    await a.run(['get', file, '-o', copy, '--timeout', '30s'])
    sameFile(join(lab.folder, 'file'), copy)
    await pinAtA('by what was left', 50)
    await a.stop()
    // As if it had been cut short right before the end.
    renameSync(store('a'), `${store('a')}.salvaged`)
    a = await lab.start('a')
    assert.equal((await a.client.info()).pins, known + 50)
    c = await lab.start('c')
    await lab.meet([a, c])
    await lab.agree([a, c], pins)
  })
})
