// The table of pins and blocks damaged, emptied or put back from a backup, on a real disk: content that nobody else has is never deleted.

import assert from 'node:assert/strict'
import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Content, Held, Mended } from '../src/index.ts'
import { parseCid } from '../src/dag/digest.ts'
import { noise } from './dags.ts'
import { connect, Lab, options, used } from './nodes.ts'

const lab = new Lab()
after(() => lab.end())

interface Kept {
  readonly path: string
  readonly pinned: string[]
  readonly bytes: number
}

const files = (round: number): Uint8Array[] => [
  noise(300_000, 10 * round + 1),
  noise(40_000, 10 * round + 2),
  noise(10, 10 * round + 3)
]

/** A folder of content that a process has left without a stop: its pins, small and large, and one that was let go. */
async function left(path: string, rounds: readonly number[], { stops = false } = {}): Promise<Kept> {
  const { content } = await lab.peer({ path })
  const pinned: string[] = []
  let bytes = 0
  for (const one of rounds.flatMap(files)) {
    const added = await content.add([one])
    pinned.push(added.cid)
    bytes += added.bytes
  }
  if (stops) await content.stop()
  return { path, pinned, bytes }
}

async function* heldOf(pinned: readonly string[]): AsyncGenerator<Held> {
  for (const text of pinned) yield { cid: parseCid(text), mode: 'recursive' }
}

/** A process of its own, since a folder has one at a time: the state of the disk as it is now, at another place. */
async function copied(from: string): Promise<string> {
  const path = await lab.folder()
  await cp(from, path, { recursive: true })
  await rm(join(path, 'pins', 'LOCK'), { force: true })
  return path
}

async function tables(path: string): Promise<string[]> {
  const names = await readdir(join(path, 'pins'))
  return names.filter((name) => /\.(ldb|log)$/.test(name)).map((name) => join(path, 'pins', name))
}

async function readable(content: Content, cid: string): Promise<number> {
  let size = 0
  for await (const entry of content.get(cid, options([])))
    for await (const part of entry.content ?? []) size += part.length
  return size
}

async function opened(path: string, pinned: readonly string[]): Promise<{ content: Content; mended: Mended[] }> {
  const mended: Mended[] = []
  const { content } = await lab.peer({
    path,
    held: async () => heldOf(pinned),
    mended: (one) => void mended.push(one)
  })
  return { content, mended }
}

/** The table and its mark as they are now, to be put back later. */
async function backedUp(path: string): Promise<(of: string) => Promise<void>> {
  const backup = await copied(path)
  return async (of) => {
    for (const name of ['pins', 'pins.mark']) {
      await rm(join(of, name), { recursive: true, force: true })
      await cp(join(backup, name), join(of, name), { recursive: true }).catch(() => {})
    }
  }
}

test('a table that is gone is made anew from the files, and what is held is pinned again without a fetch', async () => {
  const kept = await left(await lab.folder(), [1, 2], { stops: true })
  for (const name of ['pins', 'pins.mark']) await rm(join(kept.path, name), { recursive: true })
  const { content, mended } = await opened(kept.path, kept.pinned)
  assert.match(mended.map(({ reason }) => reason).join(), /^it is empty/)
  // The small ones were in the table and are gone; the large ones are in files.
  for (const [n, cid] of kept.pinned.entries()) {
    if (n % 3 !== 0) continue
    assert.equal(await readable(content, cid), 300_000)
    assert.equal((await content.pinned(cid))?.mode, 'recursive')
  }
})

test('after a changed byte anywhere in the table everything that is held is there', async () => {
  const kept = await left(await lab.folder(), [3, 4, 5])
  let told = 0
  for (const part of [0.1, 0.4, 0.7, 0.95]) {
    const path = await copied(kept.path)
    const [table = ''] = await tables(path)
    const bytes = await readFile(table)
    const at = Math.floor(bytes.length * part)
    bytes[at] = (bytes[at] as number) ^ 0x10
    await writeFile(table, bytes)
    const { content, mended } = await opened(path, kept.pinned)
    for (const [n, cid] of kept.pinned.entries()) if (n % 3 === 0) assert.equal(await readable(content, cid), 300_000)
    assert.ok((await used(content)) >= 900_000, `nothing of the files was deleted after a change at ${part}`)
    for (const { reason, aside } of mended) {
      if (aside === undefined) continue
      assert.match(reason, /is not what was written/)
      assert.match(aside, /pins\.damaged$/)
      told++
    }
    await content.stop()
  }
  assert.ok(told >= 2, `${told} of four are noticed by the sums`)
})

test('a table from a backup that is older than the files costs nothing', async () => {
  const path = await lab.folder()
  const before = await left(path, [6], { stops: true })
  const backup = await copied(path)
  const after = await left(path, [7], { stops: true })
  await rm(join(path, 'pins'), { recursive: true })
  await cp(join(backup, 'pins'), join(path, 'pins'), { recursive: true })
  const all = [...before.pinned, ...after.pinned]
  const [, ...small] = after.pinned
  const { content, mended } = await opened(path, all)
  assert.equal(mended.length, 1)
  const large = after.pinned[0] as string
  assert.equal(await readable(content, large), 300_000)
  assert.deepEqual((await content.pinned(large))?.mode, 'recursive')
  for (const cid of before.pinned) assert.notEqual(await content.pinned(cid), undefined)
  // The small ones were in the table alone. As long as they are missing nothing is deleted; then what is let go goes.
  const usedBefore = await used(content)
  all.splice(all.indexOf(large), 1)
  await content.release(large)
  await content.collect(AbortSignal.timeout(10_000))
  assert.equal(await used(content), usedBefore)
  for (const cid of small) {
    all.splice(all.indexOf(cid), 1)
    await content.release(cid)
  }
  await content.collect(AbortSignal.timeout(10_000))
  assert.equal(await used(content), usedBefore - 300_000)
  await content.stop()
  assert.deepEqual((await opened(path, all)).mended, [], 'it is said once')
})

test('as long as nobody can say what is held nothing is deleted, and from then on what nobody needs is', async () => {
  const kept = await left(await lab.folder(), [8, 9], { stops: true })
  await rm(join(kept.path, 'pins'), { recursive: true })
  const [one = '', , , other = ''] = kept.pinned
  const unsure = await lab.peer({ path: kept.path, held: async () => undefined })
  assert.ok((await used(unsure.content)) >= 600_000)
  await unsure.content.collect(AbortSignal.timeout(10_000))
  await unsure.content.acquire(one, options([]))
  await unsure.content.release(one)
  assert.equal(await readable(unsure.content, one), 300_000)
  await unsure.content.stop()
  const { content } = await opened(kept.path, [other])
  assert.equal(await readable(content, other), 300_000)
  const files = await readdir(join(kept.path, 'blocks'), { recursive: true })
  assert.ok((await used(content)) < 310_000, `${await used(content)} of ${files.length}`)
})

test('a table cut short is mended', async () => {
  const kept = await left(await lab.folder(), [10, 11])
  const path = await copied(kept.path)
  for (const table of await tables(path)) await truncate(table, Math.floor((await readFile(table)).length / 2))
  const { content } = await opened(path, kept.pinned)
  for (const [n, cid] of kept.pinned.entries()) if (n % 3 === 0) assert.equal(await readable(content, cid), 300_000)
})

test('a table and its mark from a backup look sound, and nothing goes on their word before the owner can say what is held', async () => {
  const path = await lab.folder()
  const { bytes } = await left(path, [12], { stops: true })
  const kept = await lab.peer({ path })
  const putBack = await backedUp(path)
  const { cid } = await kept.content.add([noise(300_000, 130)])
  const later = await copied(path)
  await putBack(later)
  const unsure = await lab.peer({ path: later, held: async () => undefined })
  assert.equal(await readable(unsure.content, cid), 300_000)
  await unsure.content.collect(AbortSignal.timeout(10_000))
  await unsure.content.stop()
  // It is not held by now, but still wanted.
  const perhaps = async function* (): AsyncGenerator<Held> {
    yield { cid: parseCid(cid), mode: 'recursive', perhaps: true }
  }
  const sure = await lab.peer({ path: later, held: async ({ all }) => (all ? perhaps() : heldOf([])) })
  assert.equal(await readable(sure.content, cid), 300_000)
  assert.equal((await sure.content.pinned(cid))?.mode, 'recursive')
  assert.equal(await used(sure.content), bytes + 300_000)
})

test('what an older table has as a direct pin, and is held with all below it, stays', async () => {
  const source = await lab.peer()
  const { cid, bytes } = await source.content.add([noise(3_000_000, 140)])
  const here = await lab.peer()
  await connect(here.libp2p, source.libp2p)
  await here.content.acquire(cid, options([source.id], { mode: 'direct' }))
  const putBack = await backedUp(here.path)
  assert.deepEqual(await here.content.acquire(cid, options([source.id])), { bytes })
  const path = await copied(here.path)
  await putBack(path)
  const { content } = await opened(path, [cid])
  assert.equal(await readable(content, cid), 3_000_000)
  assert.deepEqual(await content.pinned(cid), { mode: 'recursive', bytes })
})

test('the blocks below a root that was lost with the table stay until somebody gives the root', async () => {
  const source = await lab.peer()
  const { cid, bytes } = await source.content.add([noise(3_000_000, 150)])
  const path = await lab.folder()
  const { content } = await lab.peer({ path })
  await content.add([noise(3_000_000, 150)])
  await content.stop()
  await rm(join(path, 'pins'), { recursive: true })
  // Starts and collections in between change nothing, nor that the journal does not count on it any more.
  for (const pinned of [[cid], [], []]) {
    const again = await opened(path, pinned)
    await again.content.collect(AbortSignal.timeout(10_000))
    assert.equal(await used(again.content), 3_000_000)
    await again.content.stop()
  }
  const last = await lab.peer({ path, held: async () => heldOf([cid]) })
  await connect(last.libp2p, source.libp2p)
  assert.deepEqual(await last.content.acquire(cid, options([source.id])), { bytes })
  await last.content.collect(AbortSignal.timeout(10_000))
  assert.equal(await used(last.content), bytes)
})

test('a file that is not what its name says is nothing that is held', async () => {
  const path = await lab.folder()
  const { content } = await lab.peer({ path })
  const { cid } = await content.add([noise(300_000, 160)])
  await content.stop()
  await rm(join(path, 'pins'), { recursive: true })
  const names = await readdir(join(path, 'blocks'), { recursive: true })
  const file = join(path, 'blocks', names.find((name) => name.length > 30) ?? '')
  const bytes = await readFile(file)
  bytes[1000] = (bytes[1000] as number) ^ 1
  await writeFile(file, bytes)
  assert.equal(await (await opened(path, [cid])).content.pinned(cid), undefined)
})
