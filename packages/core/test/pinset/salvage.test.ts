/**
 * A store that is put together from what is left of a damaged one: whatever rows are missing, no pin is gone that the logs or
 * the index still show, and what the others hold besides comes back when they are met.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { promisedRows, type Row } from '../../src/index.ts'
import { Salvage } from '../../src/pinset/salvage.ts'
import { type NodeCrypto, nodeCrypto } from '../node-crypto.ts'
import { type Charter, type Driver, MemoryDisk, cidsOfOne, epoch, meshOf } from '../kit.ts'

const pinned = 14
const unpinned = 3

/** Two writers whose logs of one leaf are many entries long, and one pin in each of some others. */
function written(): { charter: Charter; a: Driver; cids: string[]; mesh: ReturnType<typeof meshOf>['mesh'] } {
  const { charter, mesh } = meshOf(2)
  const [a, b] = mesh.peers as [Driver, Driver]
  mesh.run(8000)
  const cids = [...cidsOfOne(charter, 'leaf', pinned), ...cidsOfOne(charter, 'leaf', 4, 10_000)]
  cids.forEach((cid, n) => (n % 4 === 3 ? b : a).pin(cid))
  mesh.until(() => mesh.level, 30_000)
  for (const cid of cids.slice(0, unpinned)) a.ask({ do: 'unpin', cids: [cid], yes: true })
  mesh.until(() => mesh.level && a.core.counts().pins === cids.length - unpinned, 30_000)
  return { charter, a, cids: cids.slice(unpinned), mesh }
}

/** A disk made from what is left. */
function salvaged(
  charter: Charter,
  crypto: NodeCrypto,
  left: MemoryDisk
): { disk: MemoryDisk; renewed: number; lost: number } {
  const salvage = new Salvage({ charter: charter.bytes, facts: left.table('fact'), self: crypto.peer, crypto })
  assert.ok(salvage.usable)
  const disk = new MemoryDisk()
  disk.write([...salvage.rows, ...promisedRows(epoch)])
  const [entries, pins] = [left.table('entry'), left.table('pin')]
  const leafOf = ({ key }: { key: Uint8Array }): number => ((key[0] as number) << 4) | ((key[1] as number) >> 4)
  let [renewed, lost] = [0, 0]
  for (const leaf of new Set([...entries, ...pins].map(leafOf))) {
    const within = (row: { key: Uint8Array }): boolean => leafOf(row) === leaf
    const made = salvage.leaf(leaf, entries.filter(within), pins.filter(within))
    disk.write(made.rows)
    renewed += made.renewed
    lost += made.lost
  }
  return { disk, renewed, lost }
}

function without(disk: MemoryDisk, table: Row['table'], gone: readonly number[]): MemoryDisk {
  const left = disk.copy()
  disk.table(table).forEach(({ key }, n) => {
    if (gone.includes(n)) left.write([{ table, key, value: null }])
  })
  return left
}

const { charter, a, cids, mesh } = written()
const keysOf = (disk: MemoryDisk): string[] => disk.table('pin').map(({ key }) => key.join())
const anyRows = fc.uniqueArray(fc.nat(40), { maxLength: 20 })

test('with all of its entries left the store is as it was, whatever is gone of the index', () => {
  fc.assert(
    fc.property(anyRows, (gone) => {
      const { disk, renewed, lost } = salvaged(charter, a.crypto, without(a.disk, 'pin', gone))
      assert.deepEqual([renewed, lost], [0, 0])
      for (const table of ['fact', 'entry', 'leaf', 'pin'] as const)
        assert.deepEqual(disk.table(table), a.disk.table(table))
    })
  )
})

test('what the index shows and the logs no longer do is wished for anew, and goes on from there', () => {
  fc.assert(
    fc.property(anyRows, (gone) => {
      const { disk, lost } = salvaged(charter, a.crypto, without(a.disk, 'entry', gone))
      assert.equal(lost, 0)
      // An unpin that is gone did not happen: in doubt what it ended is kept.
      const kept = keysOf(disk)
      assert.ok(keysOf(a.disk).every((key) => kept.includes(key)))
      assert.ok(kept.length <= cids.length + unpinned)
      const again = charter.driver(0, { seed: 9 })
      Object.assign(again, { disk })
      again.start()
      again.run(10_000)
      assert.equal(again.core.counts().pins, kept.length)
      assert.ok(!('failure' in again.pin(cidsOfOne(charter, 'leaf', 1, 20_000)[0] as string)))
      assert.equal(again.core.counts().pins, kept.length + 1)
    }),
    { numRuns: 30 }
  )
})

test('where this peer may not write, what only the index knows is counted as lost', () => {
  const stranger = nodeCrypto(77)
  const all = Array.from({ length: 100 }, (_none, n) => n)
  const { disk, renewed, lost } = salvaged(charter, stranger, without(a.disk, 'entry', all))
  assert.deepEqual([renewed, lost, keysOf(disk).length], [0, cids.length, 0])
})

test('a key log without its beginning is not enough; one without its end is', () => {
  const facts = a.disk.table('fact')
  const ops = facts.filter(({ key }) => key[0] === 0x6b)
  const init = { charter: charter.bytes, self: a.peer, crypto: a.crypto }
  assert.ok(!new Salvage({ ...init, facts: facts.filter((row) => row !== ops[0]) }).usable)
  const cut = new Salvage({ ...init, facts: facts.filter((row) => row !== ops.at(-2)) })
  assert.ok(cut.usable)
  assert.equal(cut.rows.length, facts.length - 2)
})

test('when the others are met after all, nothing that either side knows is lost', () => {
  const [, b] = mesh.peers as [Driver, Driver]
  mesh.stop(a)
  // Of its own entries in the long log it has the first two and the last one.
  const own = a.disk.table('entry').map((_row, n) => n)
  const { disk } = salvaged(
    charter,
    a.crypto,
    without(without(a.disk, 'entry', own.slice(2, -1)), 'pin', [0, 1, 2, 3, 4])
  )
  const again = a.restarted()
  Object.assign(again, { disk })
  again.start()
  again.run(6000)
  const more = cidsOfOne(charter, 'leaf', 3, 30_000)
  for (const cid of more) assert.ok(!('failure' in again.pin(cid)))
  b.mono = again.mono
  const back = again.restarted()
  mesh.add(back)
  mesh.until(() => mesh.level && b.core.counts().pins >= cids.length + more.length, 60_000, 'they do not agree')
  assert.ok(b.notes('fork').length > 0)
  const kept = new Set(keysOf(b.disk))
  assert.ok(keysOf(a.disk).every((key) => kept.has(key)))
  assert.deepEqual(keysOf(back.disk), [...kept])
})
