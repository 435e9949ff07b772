// The client against the server over a real port and a real socket: every method of the peer, as if it were here.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { test } from 'node:test'
import { createApiClient, MeshError } from '@pinmesh/api/client'
import type { AddProgress, GcProgress } from '@pinmesh/node'
import { cids, type Overrides, peer } from '@pinmesh/node/fake'
import { collect, cut, started } from './started.ts'

const never = new AbortController().signal

for (const how of ['port', 'socket'] as const) {
  test(`every method answers over a ${how}`, async (t) => {
    const { client, node, listen } = await started(t, how, {
      async *notes() {
        yield { at: 1, code: 'started', text: 'The peer started.', error: 'a field named error' }
      }
    })
    assert.equal((await client.info()).peer, peer)
    assert.equal((await client.peers())[0]!.self, true)
    assert.deepEqual(await client.pins.add([{ cid: 'a', replicas: 3 }]), [{ cid: 'a', want: 3, min: 1 }])
    assert.equal((await client.pins.status('a')).have, 1)
    assert.deepEqual((await collect(client.pins.ls())).flat(), [{ cid: 'a', want: 3, min: 1 }])
    assert.equal((await collect(client.pins.statuses())).length, 1)
    assert.deepEqual(
      (await collect(client.pins.waitFor('a', 2))).map(({ have }) => have),
      [0, 1, 2]
    )
    assert.equal((await collect(client.notes()))[0]!['error'], 'a field named error')
    assert.deepEqual(await client.pins.rm(['a']), [{ cid: 'a' }])
    assert.equal(node.pinned.size, 0)
    if ('socketPath' in listen) assert.equal((await stat(listen.socketPath)).mode & 0o777, 0o600)
  })
}

test('more than a request holds is sent in several, and answered in order with whole errors', async (t) => {
  const { client, node } = await started(t)
  node.refused.set('bad', new MeshError('MESH_BAD_CID', 'That is no CID.', { exit: 1 }))
  const requests = Array.from({ length: 2_500 }, (_, n) => ({ cid: n === 2_000 ? 'bad' : `c${n}` }))
  const answers = await client.pins.add(requests)
  assert.deepEqual(
    answers.map(({ cid }) => cid),
    requests.map(({ cid }) => cid)
  )
  const refused = answers[2_000]!
  assert.ok('error' in refused && refused.error instanceof MeshError && refused.error.exit === 1)
})

test('an error arrives as it left', async (t) => {
  const { client } = await started(t)
  const expected = {
    name: 'MeshError',
    code: 'MESH_NOT_PINNED',
    message: 'It is not pinned.',
    remedy: 'Pin it.',
    exit: 1
  }
  await assert.rejects(client.pins.status('x'), expected)
  await assert.rejects(collect(client.pins.waitFor('x', 1)), expected)
  await assert.rejects(collect(client.content.get('x', { signal: never })), {
    code: 'MESH_CONTENT_UNREACHABLE',
    exit: 3
  })
})

test('files and folders go in, report their progress, and come out the same', async (t) => {
  const { client, node } = await started(t)
  const files: [string, Uint8Array | null][] = [
    ['folder', null],
    ['folder/empty', new Uint8Array(0)],
    ['folder/small', Buffer.from('hello')],
    ['folder/ümlaut and space', randomBytes(3_000_000)]
  ]
  const entries = (async function* () {
    for (const [path, bytes] of files) yield bytes === null ? { path } : { path, content: cut(bytes, 1_300_000) }
  })()
  const seen: number[] = []
  const pin = { replicas: 2, meta: { a: 'b' } }
  const added = await client.content.add(entries, {
    wrap: true,
    pin,
    onProgress: ({ detail }) => seen.push(detail.bytes)
  })
  const [cid = ''] = node.contents.keys()
  assert.deepEqual(added, { cid, bytes: 3_000_005, want: 2, min: 1 })
  assert.deepEqual(node.asked, [{ wrap: true, pin }])
  assert.ok(seen.length > 0 && seen.every((bytes, n) => n === 0 || bytes >= seen[n - 1]!))
  const back: [string, Uint8Array | null][] = []
  for await (const { path, kind, content } of client.content.get(cid, { signal: never })) {
    back.push([path, kind === 'folder' ? null : Buffer.concat(await collect(content!))])
  }
  assert.deepEqual(
    back.map(([path, bytes]) => [path, bytes && Buffer.from(bytes)]),
    files.map(([path, bytes]) => [path, bytes && Buffer.from(bytes)])
  )
  const [place, behind] = files.findLast(([, bytes]) => bytes !== null && bytes.length > 1) as [string, Uint8Array]
  const from = { path: place, offset: behind.length - 1 }
  const [first] = await collect(client.content.get(cid, { from, signal: never }))
  assert.deepEqual([first?.path, first?.size], [place, behind.length])
  await assert.rejects(collect(client.content.get(cid, { from: { path: 'none', offset: 0 }, signal: never })), {
    code: 'MESH_CONTENT_REFUSED'
  })
})

test('pieces about as large as what a socket takes at once all arrive, either way', async (t) => {
  for (const place of ['port', 'socket'] as const) {
    const { client, node } = await started(t, place)
    const whole = randomBytes(13_000_000)
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0, n = 0; at < whole.length; n++) {
        const length = 65_500 + ((n * 7) % 600)
        yield whole.subarray(at, at + length)
        at += length
      }
    }
    const signal = AbortSignal.timeout(60_000)
    const entries = (async function* () {
      yield { path: 'a', content: pieces() }
    })()
    const { cid } = await client.content.add(entries, { wrap: false, signal })
    assert.ok(Buffer.from(node.contents.get(cid)!.get('a')!).equals(whole))
    node.content.getCar = pieces
    assert.ok(Buffer.concat(await collect(client.content.getCar('x', { signal }))).equals(whole))
  }
})

test('content that is not read is skipped', async (t) => {
  const { client, node } = await started(t)
  node.contents.set('content', new Map().set('a', randomBytes(500_000)).set('b', Buffer.from('b')))
  const paths: string[] = []
  for await (const { path, content } of client.content.get('content', { signal: never })) {
    paths.push(path)
    for await (const _piece of content!) break
  }
  assert.deepEqual(paths, ['a', 'b'])
})

test('content that fails in the middle fails at the reader with the same error', async (t) => {
  const { client } = await started(t, 'port', {
    content: {
      async *get() {
        yield { path: 'a', kind: 'file', size: 10, content: failing() }
      }
    }
  })
  const read = async (): Promise<void> => {
    for await (const { content } of client.content.get('content', { signal: never })) await collect(content!)
  }
  await assert.rejects(read(), { code: 'MESH_UNREACHABLE', exit: 62 })
})

test('content that is aborted in its middle ends with the reason, and with a peer that is gone says so', async (t) => {
  const stopped = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield randomBytes(100_000)
    await new Promise(() => {})
  }
  const content: Overrides['content'] = {
    async *get() {
      yield { path: 'a', kind: 'file', size: 1e9, content: stopped() }
    },
    getCar: stopped
  }
  const { client, server } = await started(t, 'port', { content }, { stopGraceMs: 0 })
  const reading: Record<string, (signal: AbortSignal, end: () => void) => Promise<void>> = {
    async get(signal, end) {
      for await (const { content } of client.content.get('content', { signal })) {
        for await (const _piece of content!) end()
      }
    },
    async getCar(signal, end) {
      for await (const _piece of client.content.getCar('content', { signal })) end()
    }
  }
  for (const [name, read] of Object.entries(reading)) {
    const controller = new AbortController()
    const reason = new Error(name)
    await assert.rejects(
      read(controller.signal, () => controller.abort(reason)),
      reason
    )
  }
  await assert.rejects(
    reading.get!(never, () => void server.stop()),
    { code: 'MESH_API_GONE', exit: 3 }
  )
})

test('a CAR goes in as one stream and comes out as it is, with the roots that were refused', async (t) => {
  const asked: unknown[] = []
  let held: Uint8Array = new Uint8Array(0)
  const { client } = await started(t, 'port', {
    content: {
      async addCar(car, { pin, onProgress }) {
        held = Buffer.concat(await collect(car))
        onProgress?.({ type: 'pinmesh:add:bytes', detail: { bytes: held.length } })
        await new Promise((resolve) => setImmediate(resolve))
        asked.push(pin)
        const error = new MeshError('MESH_TOO_FEW_PEERS', 'Too few.', { remedy: 'Wait.' })
        return [
          { cid: 'one', bytes: 1, want: 2, min: 1 },
          { cid: 'two', error }
        ]
      },
      async *getCar(cid, { path } = {}) {
        asked.push([cid, path])
        for await (const piece of cut(held, 70_000)) yield piece
      }
    }
  })
  const car = randomBytes(3_000_000)
  const seen: number[] = []
  const options = { pin: { replicas: 2 }, onProgress: ({ detail }: AddProgress) => seen.push(detail.bytes) }
  const [one, two] = await client.content.addCar(cut(car, 999_999), options)
  assert.deepEqual(one, { cid: 'one', bytes: 1, want: 2, min: 1 })
  assert.ok(two !== undefined && 'error' in two && two.error instanceof MeshError)
  assert.equal(two.error.code, 'MESH_TOO_FEW_PEERS')
  assert.deepEqual(seen, [3_000_000])
  const back = await collect(client.content.getCar('content', { path: 'a b/ü', signal: never }))
  assert.deepEqual(Buffer.concat(back), car)
  assert.deepEqual(asked, [{ replicas: 2 }, ['content', 'a b/ü']])
})

test('a CAR that fails before its first bytes, or in its middle, fails with its own error', async (t) => {
  let first = true
  const { client } = await started(t, 'port', {
    content: {
      async *getCar() {
        if (!first) yield randomBytes(1000)
        throw new MeshError('MESH_CONTENT_UNREACHABLE', 'No peer gave the content.', { exit: 2 })
      }
    }
  })
  for (first of [true, false]) {
    const read = collect(client.content.getCar('content', { signal: never }))
    await assert.rejects(read, { code: 'MESH_CONTENT_UNREACHABLE' })
  }
})

test('clearing up tells its progress, then what came of it; what is used comes whole and pin by pin', async (t) => {
  const { client, node } = await started(t)
  const seen: object[] = []
  const onProgress = ({ type, detail }: GcProgress): unknown => seen.push({ type, ...detail })
  const collected = await client.content.gc({ now: true, onProgress })
  const until = Date.UTC(2030, 0, 1)
  const stays = [{ why: 'promised', pins: 4, bytes: 8e6, until }]
  assert.deepEqual(collected, { pins: 2, copies: 1, freedBytes: 3e6, stays })
  assert.deepEqual(node.asked, [{ now: true }])
  assert.deepEqual(seen, [{ type: 'pinmesh:gc:deleted', deleted: 3 }])
  assert.equal((await client.content.space()).usedBytes, 4e9)
  assert.deepEqual((await collect(client.content.spaceOfPins())).flat(), [
    { cid: cids[0], bytes: 3e9, state: 'held' },
    { cid: cids[1], bytes: 2e6, state: 'trash' }
  ])
})

test('a path that would leave its folder is refused before it reaches a disk', async (t) => {
  const { client, node } = await started(t)
  node.contents.set('content', new Map([['../../.bashrc', Buffer.from('x')]]))
  await assert.rejects(collect(client.content.get('content', { signal: never })), { code: 'MESH_API_BODY' })
})

test('an upload that the peer refuses half-way stops, also when its source has fallen silent', async (t) => {
  const { client } = await started(t, 'port', {
    content: {
      async add(entries) {
        for await (const { content } of entries) {
          for await (const _piece of content!) throw new MeshError('MESH_DISK_FULL', 'There is no space.')
        }
        return { cid: 'never', bytes: 0 }
      }
    }
  })
  const silent = (async function* () {
    yield randomBytes(10)
    await new Promise(() => {})
  })()
  const one = async function* (
    content: AsyncIterable<Uint8Array>
  ): AsyncGenerator<{ path: string; content: typeof content }> {
    yield { path: 'a', content }
  }
  await assert.rejects(client.content.add(one(silent), { wrap: false }), { code: 'MESH_DISK_FULL' })
  const endless = (async function* () {
    for (;;) yield new Uint8Array(1 << 20)
  })()
  await assert.rejects(client.content.add(one(endless), { wrap: false }), { code: 'MESH_DISK_FULL' })
  assert.equal((await client.info()).peer, peer)
})

test('a source that fails ends the upload at both ends', async (t) => {
  const atPeer = Promise.withResolvers<unknown>()
  const reading = Promise.withResolvers<void>()
  const { client } = await started(t, 'port', {
    content: {
      async add(entries) {
        try {
          for await (const { content } of entries) for await (const _piece of content!) reading.resolve()
        } catch (error) {
          atPeer.resolve(error)
          throw error
        }
        return { cid: 'never', bytes: 0 }
      }
    }
  })
  const content = (async function* () {
    yield new Uint8Array(5)
    await reading.promise
    throw new MeshError('MESH_UNREADABLE', 'The file cannot be read.')
  })()
  const entries = (async function* () {
    yield { path: 'a', content }
  })()
  await assert.rejects(client.content.add(entries, { wrap: false }), { code: 'MESH_UNREADABLE' })
  assert.ok((await atPeer.promise) instanceof Error)
})

test('an aborted call rejects with the reason, and the peer sees it aborted', async (t) => {
  const asked = Promise.withResolvers<AbortSignal>()
  const { client } = await started(t, 'port', {
    pins: {
      add: (_requests, { signal } = {}) => {
        asked.resolve(signal!)
        return new Promise(() => {})
      }
    }
  })
  const controller = new AbortController()
  const pinned = client.pins.add([{ cid: 'a' }], { signal: controller.signal })
  const signal = await asked.promise
  controller.abort(new Error('no longer'))
  await assert.rejects(pinned, { message: 'no longer' })
  await aborted(signal)
})

test('leaving a stream early hangs up, and the peer sees it', async (t) => {
  const asked = Promise.withResolvers<AbortSignal>()
  const { client } = await started(t, 'port', {
    async *notes({ signal } = {}) {
      asked.resolve(signal!)
      yield { at: 1, code: 'one', text: 'One.' }
      await aborted(signal!)
    }
  })
  for await (const note of client.notes()) {
    assert.equal(note.code, 'one')
    break
  }
  await aborted(await asked.promise)
})

test('a list is not produced faster than it is read', async (t) => {
  let produced = 0
  const big = 'x'.repeat(200)
  const { client } = await started(t, 'port', {
    pins: {
      async *ls() {
        for (; produced < 400_000; produced += 1000) {
          yield Array.from({ length: 1000 }, (_, n) => ({ cid: `${big}${n}`, want: 1, min: 1 }))
        }
      }
    }
  })
  let highest = 0
  let read = 0
  for await (const pins of client.pins.ls()) {
    read += pins.length
    highest = Math.max(highest, produced - read)
    await new Promise(setImmediate)
  }
  assert.equal(read, 400_000)
  assert.ok(highest < 200_000, `${highest} pins ahead`)
})

test('nothing there and someone else there are told apart', async (t) => {
  const { client, server, listen } = await started(t)
  await server.stop()
  await assert.rejects(client.info(), { code: 'MESH_NOT_RUNNING' })
  const nobody = createApiClient({ listen: { socketPath: '/nonexistent/socket' }, token: 'x' })
  await assert.rejects(nobody.pins.status('a'), { code: 'MESH_NOT_RUNNING' })
  const { createServer } = await import('node:http')
  const other = createServer((_request, response) => response.writeHead(418).end('teapot'))
  await new Promise<void>((resolve) => other.listen('port' in listen ? listen.port : 0, '127.0.0.1', resolve))
  t.after(() => other.close())
  const { port } = other.address() as { port: number }
  const wrong = createApiClient({ listen: { host: '127.0.0.1', port }, token: 'x' })
  t.after(() => wrong.close())
  await assert.rejects(wrong.info(), { code: 'MESH_API_ANSWER' })
})

async function* failing(): AsyncGenerator<Uint8Array, void, undefined> {
  yield new Uint8Array(5)
  throw new MeshError('MESH_UNREACHABLE', 'It cannot be read.', { exit: 62 })
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

test('which pins are listed is for the peer to judge', async (t) => {
  const asked: unknown[] = []
  const { client } = await started(t, 'port', {
    pins: {
      async *ls(filter) {
        asked.push(filter)
        yield []
      },
      async *statuses({ signal: _signal, ...options } = {}) {
        asked.push(options)
        yield* []
      }
    }
  })
  const filter = { name: 'a&b=*?', meta: { k: 'v=w', 'ä ': '' }, slot: 'web', peer: '12D3', expiringMs: 5 }
  await collect(client.pins.ls(filter))
  await collect(client.pins.ls())
  await collect(client.pins.statuses({ filter: ['failed', 'at-risk'], local: true }))
  await collect(client.pins.statuses())
  const every = { local: false }
  assert.deepEqual(asked, [filter, {}, { filter: ['failed', 'at-risk'], local: true }, every])
})

test('what is tried again is answered one by one, in groups of a request', async (t) => {
  const { client } = await started(t)
  await client.pins.add([{ cid: 'a' }])
  const many = Array.from({ length: 1001 }, (_, n) => (n === 1000 ? 'a' : `x${n}`))
  const answers = (await collect(client.pins.retry(many))).flat()
  assert.deepEqual(
    answers.map(({ cid }) => cid),
    many
  )
  assert.deepEqual(answers.at(-1), { cid: 'a', here: true, failed: 2, asked: true })
  const [first] = answers
  assert.ok(
    first !== undefined &&
      'error' in first &&
      first.error instanceof MeshError &&
      first.error.code === 'MESH_NOT_PINNED'
  )
  assert.deepEqual((await collect(client.pins.retry(undefined, { local: true }))).flat(), [
    { cid: 'a', here: true, failed: 2, asked: false }
  ])
})

test('an update streams how far it is, with all that was said about it', async (t) => {
  const { client, node } = await started(t)
  await client.pins.add([{ cid: 'a' }])
  const terms = { replicas: 3, name: 'n', chosen: ['p'] }
  const how = { slot: 'web', held: 'want', spread: true, yes: true } as const
  const steps = await collect(client.pins.update('a', '/ipfs/b/c', { terms, ...how, signal: never }))
  assert.deepEqual(
    steps.map(({ have, done }) => [have, done]),
    [
      [1, false],
      [2, false],
      [2, true]
    ]
  )
  assert.deepEqual(node.asked, [{ old: 'a', cid: '/ipfs/b/c', terms, ...how }])
  await assert.rejects(collect(client.pins.update('x', 'b')), { code: 'MESH_NOT_PINNED' })
})
