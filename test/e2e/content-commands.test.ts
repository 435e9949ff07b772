// Content in and out of a running mesh by the commands that people use: from URLs and CARs, in parts, interrupted, with a
// holder that dies in the middle; and the room it takes, given back by the rules.

import assert from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { bytesOf, sameFile, sameTree, writeBytes, writeTree, filesIn, sizeOf } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { spawnMesh } from '../kit/processes.ts'
import { until } from '../kit/until.ts'

/** The third peer has no room for what is large: it reads from the others. */
const smallBytes = 8_000_000
const largeBytes = 60_000_000

const lab = new Lab('content-commands')
const at = (name: string): string => join(lab.folder, name)
let a: PeerProcess
let b: PeerProcess
let small: PeerProcess

before(async () => {
  a = await lab.found('a')
  b = await lab.join('b', a)
  small = await lab.join('small', a, { flags: ['--space', String(smallBytes)] })
  await lab.meet([a, b, small])
})
after(async () => lab.close())

async function usedBytes(peer: PeerProcess): Promise<number> {
  return (await peer.client.content.space()).usedBytes
}

test('a URL and a file come in at once, and a part of what was wrapped comes out elsewhere', async () => {
  const file = writeBytes(at('one.bin'), 'one', 700_000)
  const server = createServer((_request, response) => response.end(bytesOf('from a server', 900_000)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/films/two.bin`
  try {
    const [added] = await a.run(['add', '--wrap', file, url, '-r', '2', '--wait', '2', '--timeout', '60s'])
    const cid = String(added?.cid)
    await small.run(['get', `/ipfs/${cid}/two.bin`, '-o', at('two.bin'), '--timeout', '30s'])
    assert.deepEqual(readFileSync(at('two.bin')), Buffer.from(bytesOf('from a server', 900_000)))
    const missing = await small.try(['get', `${cid}/three.bin`, '-o', at('three.bin')])
    assert.equal(missing.code, 1)
    assert.match(missing.err, /MESH_PATH_MISSING/)
    const gone = await a.try(['add', `${url.replace(/:\d+/, ':1')}`])
    assert.match(gone.err, /MESH_URL_FAILED/)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('a copy without a pin stays until gc, and comes back as a CAR with its exact CID', async () => {
  const folder = at('tree')
  writeTree(folder, 3_000_000)
  const used = await usedBytes(b)
  const [added] = await b.run(['add', folder, '--no-pin'])
  const cid = String(added?.cid)
  assert.equal((await b.client.content.space()).copies.pins, 1)
  await b.run(['get', cid, '--car', '-o', at('tree.car')])
  const before = await b.run(['ls'])
  const [collected] = await b.run(['gc'])
  assert.equal(collected?.copies, 1)
  assert.equal(await usedBytes(b), used)
  assert.deepEqual(await b.run(['ls']), before)
  assert.equal((await b.try(['get', cid, '-o', at('nowhere'), '--timeout', '20s'])).code, 2)

  writeFileSync(at('cut.car'), readFileSync(at('tree.car')))
  truncateSync(at('cut.car'), readFileSync(at('tree.car')).length - 1000)
  const cut = await a.try(['add', '--car', at('cut.car'), '-r', '2'])
  assert.match(cut.err, /MESH_BAD_CONTENT/)
  assert.equal(cut.code, 2)
  const [back] = await a.run(['add', '--car', at('tree.car'), '-r', '2', '--wait', '2', '--timeout', '60s'])
  assert.equal(back?.cid, cid)
  await small.run(['get', cid, '-o', at('tree again'), '--timeout', '30s'])
  sameTree(folder, at('tree again'))
  await small.run(['get', cid, '--car', '-o', at('again.car'), '--timeout', '30s'])
  sameFile(at('tree.car'), at('again.car'))
})

test('an add that is refused keeps nothing of its own, and takes nothing away that is held', async () => {
  const file = writeBytes(at('held.bin'), 'held', 800_000)
  const [added] = await a.run(['add', file, '-r', '1', '--on', a.peer])
  const used = await usedBytes(a)
  const again = await a.try(['add', file, '-r', '60'])
  assert.match(again.err, /MESH_TOO_FEW_PEERS/)
  const other = await a.try(['add', writeBytes(at('other.bin'), 'other', 900_000), '-r', '60'])
  assert.match(other.err, /MESH_TOO_FEW_PEERS/)
  assert.equal(await usedBytes(a), used)
  await a.run(['get', String(added?.cid), '-o', at('held again')])
  sameFile(file, at('held again'))
})

test('files are cut as it is told, also by content', async () => {
  const file = writeBytes(at('cut.bin'), 'cut', 1_200_000)
  const cids = new Set<unknown>()
  for (const chunker of ['size-1048576', 'size-65536', 'rabin-65536-131072-262144']) {
    const [added] = await a.run(['add', file, '--chunker', chunker, '-r', '1'])
    cids.add(added?.cid)
    await a.run(['get', String(added?.cid), '-o', at(`back ${chunker}`)])
    sameFile(file, at(`back ${chunker}`))
  }
  assert.equal(cids.size, 3)
  const [plain] = await a.run(['add', file, '-r', '1'])
  assert.ok(cids.has(plain?.cid), 'the first of them is the default')
})

test('an add that is interrupted leaves no pin and no block', async () => {
  const used = await usedBytes(a)
  const pins = (await a.run(['ls'])).length
  const child = spawnMesh(['add', '-', '-r', '1', '--home', a.home])
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  child.stdin.write(bytesOf('interrupted', 40_000_000))
  await until('some of it is on disk', 30_000, async () => (await usedBytes(a)) > used + 1_000_000)
  child.kill('SIGINT')
  assert.equal(await ended, 130)
  await until('it is gone again', 30_000, async () => (await usedBytes(a)) === used)
  assert.equal((await a.run(['ls'])).length, pins)
})

test('a holder that dies in the middle of a get is replaced by the other', async () => {
  const file = writeBytes(at('large'), 'large', largeBytes)
  const expected = readFileSync(file)
  const [added] = await a.run(['add', file, '-r', '2', '--wait', '2', '--timeout', '80s'])
  const cid = String(added?.cid)
  await until('the third knows both', 30_000, async () => (await small.holders(cid)).length >= 2)
  // One of the two is the one that is read from.
  for (const name of ['b', 'a'] as const) {
    const dying = name === 'b' ? b : a
    const parts: Uint8Array[] = []
    for await (const { content } of small.client.content.get(cid, { signal: AbortSignal.timeout(80_000) })) {
      for await (const piece of content ?? []) {
        if (parts.length === 0) await dying.kill()
        parts.push(piece)
      }
    }
    assert.ok(Buffer.concat(parts).equals(expected), `${name} died`)
    const again = await lab.start(name)
    if (name === 'b') b = again
    else a = again
    await lab.meet([a, b, small])
    await until('both hold it', 60_000, async () => (await small.holders(cid)).length >= 2)
  }
  assert.ok((await usedBytes(small)) <= smallBytes)
})

test('a get whose time is over in the middle of a file says so', async () => {
  const here = ['-r', '1', '--on', a.peer, '--wait']
  const [added] = await a.run(['add', writeBytes(at('halted'), 'halted', largeBytes), ...here])
  const child = spawnMesh(['get', String(added?.cid), '-o', '-', '--timeout', '5s', '--home', small.home])
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  let bytes = 0
  child.stdout.on('data', (piece: Uint8Array) => {
    if (bytes === 0) a.signal('SIGSTOP') // the only one that has it
    bytes += piece.length
  })
  try {
    assert.equal(await ended, 62, err)
  } finally {
    a.signal('SIGCONT')
  }
  assert.match(err, /MESH_TIMED_OUT/)
  assert.ok(bytes > 0 && bytes < largeBytes, `${bytes} bytes`)
  await lab.meet([a, b, small])
})

test('a get that is interrupted goes on where it ended', async () => {
  const file = writeBytes(at('resumed'), 'resumed', largeBytes)
  const [added] = await a.run(['add', file, '-r', '1', '--on', a.peer, '--wait'])
  const folder = at('resuming')
  const get = ['get', String(added?.cid), '-o', join(folder, 'back')]
  const child = spawnMesh([...get, '--home', small.home])
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  try {
    await until('some of it is on disk', 30_000, () => sizeOf(folder) > 2_000_000, 5)
    a.signal('SIGSTOP') // the only one that has it
    child.kill('SIGINT')
    assert.equal(await ended, 130, err)
  } finally {
    a.signal('SIGCONT')
  }
  assert.match(err, /What has come is kept/)
  await lab.meet([a, b, small])
  const again = await small.try(get)
  assert.match(again.err, /Going on after the \d/)
  sameFile(file, join(folder, 'back'))
  assert.deepEqual(filesIn(folder), ['back'])
})

test('gc --now keeps what is pinned and what is promised, and gives the rest back before its time', async () => {
  const on = `${a.peer},${b.peer}`
  const both = ['-r', '2', '--on', on, '--wait', '2', '--timeout', '60s']
  const [staying] = await a.run(['add', writeBytes(at('staying'), 'staying', 300_000), ...both])
  const [passing] = await a.run(['add', writeBytes(at('passing'), 'passing', 2_000_000), ...both])
  const cid = String(passing?.cid)
  await a.run(['unpin', cid])
  for (const peer of [a, b]) {
    await until('it is in the trash', 30_000, async () => (await stateAt(peer, cid)) === 'trash')
    const [collected] = await peer.run(['gc', '--now'])
    const stays = (collected?.stays ?? []) as { why: string }[]
    assert.ok(
      stays.some(({ why }) => why === 'promised'),
      JSON.stringify(collected)
    )
    assert.equal(await stateAt(peer, cid), 'trash')
  }
  for (const peer of [a, b]) {
    await until('the promise is over', 60_000, async () => (await stateAt(peer, cid)) === undefined)
    assert.equal(await stateAt(peer, String(staying?.cid)), 'held')
  }
})

async function stateAt(peer: PeerProcess, cid: string): Promise<string | undefined> {
  for await (const pins of peer.client.content.spaceOfPins()) {
    for (const pin of pins) if (pin.cid === cid) return pin.state
  }
  return undefined
}
