// What is on disk is exactly what the pins need: under concurrency, after failures, after a crash at any write.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import type { Files } from '../src/blocks/files.ts'
import { MemoryFiles } from '../src/blocks/files.ts'
import { blockPrefix, key, nameOf, valuePrefix } from '../src/blocks/keys.ts'
import { MemoryRows } from '../src/blocks/memory-rows.ts'
import { slices } from '../src/blocks/rows.ts'
import type { RowChange, Rows } from '../src/blocks/rows.ts'
import { ContentError } from '../src/index.ts'
import { PinningContent } from '../src/pinning-content.ts'
import { blocksOf, cbor, noise, raw } from './dags.ts'
import type { Block } from './dags.ts'
import { options, used } from './nodes.ts'

/** Twelve DAGs over ten leaves, two of them large; some DAGs hold others. */
const leaves = Array.from({ length: 10 }, (_, n) => raw(noise(n < 2 ? 70_000 : 100 + n, n)))
const dags: { root: Block; blocks: Map<string, Uint8Array> }[] = []
for (let n = 0; n < 12; n++) {
  const own = leaves.filter((_, at) => (n * 7 + at * at) % 3 === 0)
  const inner = n >= 6 ? dags.slice(n - 6, n - 4) : []
  const root = cbor([n, own.map(({ cid }) => cid), inner.map((dag) => dag.root.cid)])
  const blocks = new Map([...blocksOf(root, ...own), ...inner.flatMap((dag) => [...dag.blocks])])
  dags.push({ root, blocks })
}
const world = new Map(dags.flatMap((dag) => [...dag.blocks]))
const cidOf = (n: number): string => dags[n]?.root.cid.toString() ?? ''

/** Fetches from the world, a few turns of the event loop late, failing for the blocks named. */
function fetcher(failing: ReadonlySet<string>) {
  let turns = 0
  return {
    start: async () => {},
    stop: async () => {},
    announce: () => {},
    session: () => ({
      block: async (cid: CID, signal: AbortSignal): Promise<Uint8Array> => {
        for (let left = turns++ % 4; left > 0; left--) await new Promise((resolve) => setImmediate(resolve))
        const name = nameOf(cid.multihash.bytes)
        const bytes = world.get(name)
        if (signal.aborted) throw new ContentError('aborted', 'aborted')
        if (bytes === undefined || failing.has(name)) throw new ContentError('unreachable', 'nowhere')
        return bytes
      }
    })
  }
}

/** Lets so many writes through, then fails each: what a crash leaves behind. */
class Fuse {
  left = Infinity

  burn(): void {
    if (this.left-- <= 0) throw new Error('The power is gone')
  }
}

class FusedRows extends MemoryRows implements Rows {
  readonly #fuse: Fuse

  constructor(fuse: Fuse) {
    super()
    this.#fuse = fuse
  }

  override async write(changes: readonly RowChange[]): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#fuse.burn()
    await super.write(changes)
  }
}

class FusedFiles extends MemoryFiles implements Files {
  readonly #fuse: Fuse

  constructor(fuse: Fuse) {
    super()
    this.#fuse = fuse
  }

  override async write(name: string, bytes: Uint8Array): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#fuse.burn()
    await super.write(name, bytes)
  }

  override async remove(name: string): Promise<void> {
    this.#fuse.burn()
    await super.remove(name)
  }
}

async function onDisk(rows: Rows): Promise<string[]> {
  const names: string[] = []
  for await (const slice of slices(rows, key(blockPrefix)))
    names.push(...slice.map((row) => nameOf(row.key.subarray(1))))
  return names.toSorted()
}

function needed(pins: Iterable<number>): Map<string, Uint8Array> {
  return new Map([...pins].flatMap((n) => [...(dags[n]?.blocks ?? [])]))
}

async function check(content: PinningContent, rows: Rows, files: Files, pins: Iterable<number>): Promise<void> {
  const wanted = needed(pins)
  assert.deepEqual(await onDisk(rows), [...wanted.keys()].toSorted())
  assert.equal(
    await used(content),
    [...wanted.values()].reduce((sum, bytes) => sum + bytes.length, 0)
  )
  const large: string[] = []
  for await (const { name } of files.list()) large.push(name)
  const wantedLarge = [...wanted].filter(([, bytes]) => bytes.length >= 65_536).map(([name]) => name)
  assert.deepEqual(large.toSorted(), wantedLarge.toSorted())
}

async function pinned(content: PinningContent): Promise<number[]> {
  const found: number[] = []
  for await (const { cid } of content.pins()) found.push(dags.findIndex(({ root }) => root.cid.toString() === cid))
  return found
}

const dag = fc.nat({ max: dags.length - 1 })
const step = fc.record({ pin: fc.boolean(), dag, abort: fc.boolean(), wait: fc.boolean() })

interface Step {
  pin: boolean
  dag: number
  abort: boolean
  wait: boolean
}

/** Runs the steps, most of them side by side. */
async function run(content: PinningContent, steps: readonly Step[]): Promise<void> {
  const running: Promise<unknown>[] = []
  for (const { pin, dag: n, abort, wait } of steps) {
    const stop = new AbortController()
    const more = { signal: stop.signal }
    const done = pin ? content.acquire(cidOf(n), options([], more)) : content.release(cidOf(n))
    running.push(done.catch(() => {}))
    if (abort) setImmediate(() => stop.abort())
    if (wait) await done.catch(() => {})
    else await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(running)
}

test('random pins and releases side by side leave exactly the union of the pinned DAGs', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.subarray([...world.keys()], { maxLength: 2 }),
      async (steps, bad) => {
        const rows = new MemoryRows()
        const files = new MemoryFiles()
        const content = new PinningContent({ rows, files, fetcher: fetcher(new Set(bad)) })
        await content.start()
        await run(content, steps)
        const pins = await pinned(content)
        // What failed or was aborted keeps what came, until it is released.
        for (let n = 0; n < dags.length; n++) if (!pins.includes(n)) await content.release(cidOf(n))
        await check(content, rows, files, pins)
        for (const n of pins) await content.release(cidOf(n))
        await check(content, rows, files, [])
        await content.stop()
      }
    ),
    { numRuns: 150 }
  )
})

test('after a crash at any write every pin is whole, and nothing is left over', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), fc.nat({ max: 80 }), async (steps, writes) => {
      const fuse = new Fuse()
      const rows = new FusedRows(fuse)
      const files = new FusedFiles(fuse)
      const before = new PinningContent({ rows, files, fetcher: fetcher(new Set()) })
      await before.start()
      fuse.left = writes
      await run(before, steps)
      // The crash: nothing is closed in good order.
      fuse.left = Infinity
      const content = new PinningContent({ rows, files, fetcher: fetcher(new Set()) })
      await content.start()
      const pins = await pinned(content)
      const there = new Set(await onDisk(rows))
      for (const name of needed(pins).keys()) assert.ok(there.has(name))
      for (let n = 0; n < dags.length; n++) if (!pins.includes(n)) await content.release(cidOf(n))
      await check(content, rows, files, pins)
      await content.stop()
    }),
    { numRuns: 300 }
  )
})

test('an acquire that shares blocks with a DAG being released ends whole', async () => {
  for (let round = 0; round < 50; round++) {
    const rows = new MemoryRows()
    const files = new MemoryFiles()
    const content = new PinningContent({ rows, files, fetcher: fetcher(new Set()) })
    await content.start()
    await content.acquire(cidOf(6), options([]))
    const releasing = content.release(cidOf(6))
    for (let turns = round % 10; turns > 0; turns--) await Promise.resolve()
    const acquiring = content.acquire(cidOf(7), options([]))
    await Promise.all([releasing, acquiring, content.acquire(cidOf(0), options([]))])
    await check(content, rows, files, [7, 0])
    await content.stop()
  }
})

test('an add that shares blocks with a DAG being released ends whole', async () => {
  const rows = new MemoryRows()
  const files = new MemoryFiles()
  const content = new PinningContent({ rows, files, fetcher: fetcher(new Set()) })
  await content.start()
  const shared = noise(3 << 20, 1)
  const first = await content.add({ folder: [{ path: 'a', content: shared }] })
  for (let round = 0; round < 5; round++) {
    const [, second] = await Promise.all([content.release(first.cid), content.add([shared])])
    for await (const entry of content.get(second.cid, options([]))) {
      for await (const _ of entry.content ?? []);
    }
    await content.add({ folder: [{ path: 'a', content: shared }] })
    await content.release(second.cid)
  }
  assert.equal(await used(content), first.bytes)
  await content.stop()
})

for (const [name, at] of [
  ['in a file', 0],
  ['in the table', 5]
] as const) {
  test(`a damaged block ${name} ends its pins, which is told, and the next acquire fetches just that block`, async () => {
    const rows = new MemoryRows()
    const files = new MemoryFiles()
    const lost: string[] = []
    const content = new PinningContent({ rows, files, fetcher: fetcher(new Set()), lost: (cid) => lost.push(cid) })
    await content.start()
    const { cid, bytes } = leaves[at] as Block
    const owners = dags.flatMap(({ blocks }, n) => (blocks.has(nameOf(cid.multihash.bytes)) ? [n] : []))
    assert.ok(owners.length > 1)
    for (const n of owners) await content.acquire(cidOf(n), options([]))
    const flipped = bytes.with(3, (bytes[3] as number) ^ 1)
    if (at === 0) await files.write(nameOf(cid.multihash.bytes), flipped)
    else await rows.write([{ key: key(valuePrefix, cid.multihash.bytes), value: flipped }])
    // Any reading notices.
    for await (const entry of content.get(cid.toString(), options([]))) assert.equal(entry.size, bytes.length)
    assert.deepEqual(await pinned(content), [])
    assert.deepEqual(lost.sort(), owners.map(cidOf).sort())
    for (const n of owners) await content.acquire(cidOf(n), options([]))
    await check(content, rows, files, owners)
    for (const n of owners) await content.release(cidOf(n))
    await check(content, rows, files, [])
    await content.stop()
  })
}
