/*
 * A leaf in memory: the merged view, the rows it hands out, and the fate of what is held and no longer in the view.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import type { Hold, Provenance } from '../../src/content/hold.ts'
import type { Register } from '../../src/formats/register.ts'
import type { StoredEntry } from '../../src/formats/stored.ts'
import { finish } from '../../src/loop/slices.ts'
import { Leaf } from '../../src/pinset/leaf.ts'
import { decodeSummary } from '../../src/pinset/summary.ts'
import { readPinRow } from '../../src/pinset/listing.ts'
import { bucketOf, parseMapKey } from '../../src/formats/key.ts'
import { rowsOf, viewHash } from '../../src/pinset/view.ts'
import { Charter, MemoryDisk, type Scribe, cidsOfOne, epoch, leafOfMapKey } from '../kit.ts'

const charter = new Charter(4)
const { founder: crypto, meshId } = charter
const cids = cidsOfOne(charter, 'leaf', 4)
const keys = cids.map((cid) => charter.mapKey(cid)) as [string, string, string, string]
const id = leafOfMapKey(keys[0])

/** Writers 1 to 3, who may be removed or have generations voided, and the leaf that takes what they write. */
class Desk {
  readonly removed = new Set<number>()
  readonly voids = new Set<string>()
  readonly scribes = [1, 2, 3].map((n) => charter.scribe(n)) as [Scribe, Scribe, Scribe]
  readonly disk = new MemoryDisk()
  leaf: Leaf

  constructor() {
    this.leaf = this.load()
  }

  load(): Leaf {
    const loaded = this.disk.loaded(id)
    assert.ok(loaded.kind === 'loaded')
    const stands = ({ writer }: { writer: number }, generation: number): boolean =>
      !this.removed.has(writer) && !this.voids.has(`${writer}/${generation}`)
    const { entries, holds } = loaded
    this.leaf = new Leaf({ id, meshId, crypto, stands, entries, holds })
    return this.leaf
  }

  /** Writer n changes some of the four pins. */
  write(n: 0 | 1 | 2, changes: Record<string, Register | null>, generation?: number): void {
    const { stored } = this.scribes[n].write(changes, generation)
    for (const one of stored) this.disk.write(this.leaf.append({ ...one } as StoredEntry).rows)
  }

  pin(n: 0 | 1 | 2, cid = 0, lamport = 1, generation?: number): void {
    const register = this.scribes[n].pin(cids[cid] as string, { lamport })
    this.write(n, { [keys[cid] as string]: register }, generation)
  }

  unpin(n: 0 | 1 | 2, cid = 0, lamport = 2): void {
    this.write(n, { [keys[cid] as string]: { op: 'unpin', lamport } })
  }

  drop(n: 0 | 1 | 2, cid = 0): void {
    this.write(n, { [keys[cid] as string]: null })
  }

  /** Something else of that writer, so that the log goes on. */
  goOn(n: 0 | 1 | 2): void {
    this.pin(n, 3, epoch + Math.random())
  }

  wanted(cid = 0): boolean {
    return this.leaf.view().has(keys[cid] as string)
  }

  /** The journal's memory of who asked for a pin, as it would be noted now. */
  hold(cid = 0): Hold {
    const key = charter.key(cids[cid] as string)
    const row = this.leaf
      .rows(((key[0] as number) << 8) | (key[1] as number))
      .find((one) => Buffer.compare(one.key, key) === 0)
    return holdOf(key, cids[cid] as string, row === undefined ? [] : this.leaf.provenance(row))
  }
}

function holdOf(key: Uint8Array, cid: string, provenance: Provenance[]): Hold {
  return {
    key,
    cid: CID.parse(cid),
    mode: 'recursive',
    state: 'held',
    since: 0,
    bytes: 1,
    extra: false,
    promisedUntil: 0,
    tries: 0,
    nextAt: 0,
    reason: 'unreachable',
    provenance
  }
}

test('a leaf weighs what comes with the proof of an entry', () => {
  const desk = new Desk()
  const [stored] = desk.scribes[0].write({ [keys[0]]: desk.scribes[0].pin(cids[0] as string, { lamport: 1 }) }).stored
  assert.ok(stored?.proof !== undefined)
  const own: StoredEntry = { entry: stored.entry }
  const bare = desk.leaf.append(own).rows.find(({ table }) => table === 'entry')
  const before = desk.leaf.weight
  const sealed = desk.leaf.seal(own, stored.proof)
  const more = (sealed.value?.length ?? 0) - (bare?.value?.length ?? 0)
  assert.ok(more > 0)
  assert.equal(desk.leaf.weight - before, more)
})

test('provenance names every log that asks, and none that does not', () => {
  const desk = new Desk()
  desk.pin(0)
  desk.pin(1)
  desk.pin(2, 1)
  assert.deepEqual(
    desk.hold().provenance.map(({ writer }) => writer),
    [2, 3]
  )
  desk.removed.add(2)
  finish(desk.leaf.refreshing())
  assert.deepEqual(
    desk.hold().provenance.map(({ writer }) => writer),
    [3]
  )
})

test('a wish has ended when its log has a later entry that no longer asks', () => {
  const desk = new Desk()
  desk.pin(0)
  const hold = desk.hold()
  desk.drop(0)
  assert.ok(!desk.wanted())
  assert.equal(desk.leaf.fate(hold), 'ended')
})

test('a wish has ended only when every log that asked no longer does', () => {
  const desk = new Desk()
  desk.pin(0)
  desk.pin(1)
  const hold = desk.hold()
  desk.drop(0)
  assert.equal(desk.leaf.fate(hold), 'unknown')
  desk.drop(1)
  assert.equal(desk.leaf.fate(hold), 'ended')
})

test('a later unpin of another writer ends a wish that still stands in its own log, an older one does not', () => {
  const desk = new Desk()
  desk.pin(0, 0, 5)
  const hold = desk.hold()
  desk.unpin(1, 0, 4)
  assert.ok(desk.wanted())
  assert.equal(desk.leaf.fate(hold), 'unknown')
  desk.unpin(2, 0, 5)
  assert.ok(!desk.wanted())
  assert.equal(desk.leaf.fate(hold), 'ended')
})

test('an unpin of a removed writer ends nothing', () => {
  const desk = new Desk()
  desk.pin(0, 0, 5)
  const hold = desk.hold()
  desk.unpin(1, 0, 6)
  desk.removed.add(3)
  finish(desk.leaf.refreshing())
  assert.ok(desk.wanted())
  assert.equal(desk.leaf.fate(hold), 'unknown')
})

test('a pin whose writer was removed is void, whatever that log says later', () => {
  const desk = new Desk()
  desk.pin(0)
  const hold = desk.hold()
  desk.removed.add(2)
  finish(desk.leaf.refreshing())
  assert.ok(!desk.wanted())
  assert.equal(desk.leaf.fate(hold), 'void')
  desk.drop(0)
  assert.equal(desk.leaf.fate(hold), 'void')
})

test('a pin of a void generation is void until its author has gone on in a later one', () => {
  const desk = new Desk()
  desk.pin(0)
  const hold = desk.hold()
  desk.voids.add('2/0')
  finish(desk.leaf.refreshing())
  assert.equal(desk.leaf.fate(hold), 'void')
  desk.pin(0, 0, 9, 1)
  assert.ok(desk.wanted())
  desk.drop(0)
  assert.equal(desk.leaf.fate(hold), 'ended')
  desk.voids.add('2/1')
  assert.equal(desk.leaf.fate(hold), 'void')
})

test('what is missing from the disk ends nothing: absence is no evidence', () => {
  const desk = new Desk()
  desk.pin(0)
  const hold = desk.hold()
  assert.equal(new Desk().leaf.fate(hold), 'unknown')
  assert.equal(desk.leaf.fate({ ...hold, provenance: [] }), 'unknown')
  // An older state of the same log, as from a backup: it does not ask yet.
  const older = new Desk()
  older.pin(0, 1)
  assert.equal(older.leaf.fate({ ...hold, provenance: hold.provenance.map((p) => ({ ...p, seq: 5 })) }), 'unknown')
})

test('a pin stays wanted while any of its slots is, and has ended when all are gone', () => {
  const desk = new Desk()
  const slot = charter.mapKey(cids[0] as string, 'a')
  desk.pin(0)
  desk.write(0, { [slot]: desk.scribes[0].pin(cids[0] as string) })
  const hold = desk.hold()
  assert.equal(hold.provenance.length, 1)
  desk.drop(0)
  assert.ok(desk.leaf.view().has(slot))
  assert.equal(desk.leaf.fate(hold), 'unknown')
  desk.write(0, { [slot]: null })
  assert.equal(desk.leaf.fate(hold), 'ended')
})

const act = fc.record({
  writer: fc.constantFrom(0 as const, 1 as const, 2 as const),
  cid: fc.nat({ max: 2 }),
  what: fc.constantFrom('pin', 'pin', 'unpin', 'drop', 'generation', 'remove', 'void', 'hold'),
  lamport: fc.integer({ min: 1, max: 12 })
})

test('nothing ends silently: whatever happens, what is wanted is never ended, and what is lost by a void never ends', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const desk = new Desk()
      const holds = new Map<number, Hold>()
      for (const { writer, cid, what, lamport } of acts) {
        const number = writer + 2
        const generation = desk.scribes[writer].log(id).head?.generation ?? 0
        if (what === 'pin') desk.pin(writer, cid, lamport)
        if (what === 'unpin') desk.unpin(writer, cid, lamport)
        if (
          what === 'drop' &&
          desk.scribes[writer]
            .log(id)
            .registers()
            .has(keys[cid] as string)
        )
          desk.drop(writer, cid)
        if (what === 'generation' && desk.voids.has(`${number}/${generation}`))
          desk.pin(writer, cid, lamport, generation + 1)
        if (what === 'remove' && lamport > 10) desk.removed.add(number)
        if (what === 'void' && lamport > 8) desk.voids.add(`${number}/${generation}`)
        if (what === 'remove' || what === 'void') finish(desk.leaf.refreshing())
        for (let n = 0; n < 3; n++) {
          if (desk.wanted(n)) holds.set(n, desk.hold(n))
          const hold = holds.get(n)
          if (hold === undefined) continue
          const fate = desk.leaf.fate(hold)
          if (desk.wanted(n)) assert.notEqual(fate, 'ended')
          const lost = hold.provenance.some((p) => desk.removed.has(p.writer))
          if (lost) assert.notEqual(fate, 'ended')
          if (!desk.wanted(n)) assert.notEqual(fate, 'unknown')
        }
      }
    }),
    { numRuns: 150 }
  )
})

test('a removed writer leaves the view as if it had never written, whether its entries came before or after', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 25 }), fc.nat({ max: 25 }), (acts, removedAt) => {
      const [early, late, never] = [new Desk(), new Desk(), new Desk()]
      early.removed.add(2)
      acts.forEach(({ writer, cid, what, lamport }, n) => {
        if (n === removedAt) {
          late.removed.add(2)
          finish(late.leaf.refreshing())
        }
        for (const desk of writer === 0 ? [early, late] : [early, late, never]) {
          if (what === 'unpin') desk.unpin(writer, cid, lamport)
          else if (what === 'drop') {
            if (
              desk.scribes[writer]
                .log(id)
                .registers()
                .has(keys[cid] as string)
            )
              desk.drop(writer, cid)
          } else desk.pin(writer, cid, lamport)
        }
      })
      late.removed.add(2)
      finish(late.leaf.refreshing())
      const reading = ({ leaf }: Desk): unknown =>
        [...leaf.view()].map(([key, { writer, register }]) => [key, writer, register.lamport]).sort()
      assert.deepEqual(reading(early), reading(never))
      assert.deepEqual(reading(late), reading(never))
      assert.deepEqual(reading({ leaf: late.load() } as Desk), reading(never))
    }),
    { numRuns: 60 }
  )
})

test('rows on disk are always the leaf: loaded again it shows the same view, heads, summary and listing', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const desk = new Desk()
      for (const { writer, cid, what, lamport } of acts) {
        if (what === 'unpin') desk.unpin(writer, cid, lamport)
        else if (what !== 'drop') desk.pin(writer, cid, lamport)
        else if (
          desk.scribes[writer]
            .log(id)
            .registers()
            .has(keys[cid] as string)
        )
          desk.drop(writer, cid)
      }
      const { leaf } = desk
      const [summary] = desk.disk.table('leaf')
      const listed = desk.disk.table('pin').map((row) => readPinRow(row))
      const again = desk.load()
      assert.deepEqual(again.heads(), leaf.heads())
      assert.deepEqual([...again.view()].sort(), [...leaf.view()].sort())
      assert.deepEqual(again.summary().value, summary?.value ?? again.summary().value)
      assert.deepEqual(
        listed.map((row) => charter.mapKey(row?.register.cid.toString() as string)).sort(),
        [...leaf.view().keys()].sort()
      )
      if (summary !== undefined) {
        const read = decodeSummary(summary)
        assert.deepEqual(read.heads, leaf.heads())
        for (const { bucket, view, count } of read.buckets) {
          const rows = rowsOf([...leaf.view()].filter(([mapKey]) => bucketOf(parseMapKey(mapKey).key) === bucket))
          assert.deepEqual([view, count], [viewHash(rows, crypto), rows.length])
        }
      }
    }),
    { numRuns: 60 }
  )
})

test('every change of a bucket says what its pins were before and are after', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 20 }), (acts) => {
      const desk = new Desk()
      const shown = new Map<number, string>()
      const text = (rows: readonly { key: Uint8Array; lamport: number }[]): string =>
        rows.map(({ key, lamport }) => `${key[31]}:${lamport}`).join()
      for (const { writer, cid, lamport } of acts) {
        const { stored } = desk.scribes[writer].write({
          [keys[cid] as string]: desk.scribes[writer].pin(cids[cid] as string, { lamport })
        })
        for (const one of stored) {
          const { buckets } = desk.leaf.append({ ...one } as StoredEntry)
          for (const { bucket, before, after } of buckets) {
            assert.equal(text(before), shown.get(bucket) ?? '')
            shown.set(bucket, text(after))
            assert.equal(text(desk.leaf.rows(bucket)), text(after))
          }
        }
      }
    }),
    { numRuns: 40 }
  )
})

test('heads and provenance hold what they name and not the entry that they were read from', () => {
  const desk = new Desk()
  desk.pin(0)
  const place = { writer: 2, prefixLen: 12, prefix: id << 4, generation: 0, seq: 1 }
  const hash = desk.scribes[0].log(id).head?.hash
  assert.deepEqual(desk.leaf.heads(), [{ ...place, hash }])
  assert.deepEqual(desk.hold().provenance, [place])
})

test('what waits for own entries runs when the last of them is done, and at once when there is none', () => {
  const { leaf } = new Desk()
  const ran: string[] = []
  leaf.whenSettled(() => ran.push('at once'))
  leaf.drafts = 2
  leaf.whenSettled(() => ran.push('later'))
  leaf.draftDone()
  assert.deepEqual(ran, ['at once'])
  leaf.draftDone()
  assert.deepEqual(ran, ['at once', 'later'])
})

test('a broken entry changes nothing of the leaf', () => {
  const desk = new Desk()
  desk.pin(0)
  const before = [[...desk.leaf.view()], desk.leaf.heads()]
  const { stored } = charter.scribe(2).write({ [keys[1]]: charter.scribe(2).pin(cids[1] as string) })
  const [one] = stored as [StoredEntry]
  const broken = { entry: { ...one.entry, body: one.entry.body.slice(0, -1) } }
  assert.throws(() => desk.leaf.append(broken))
  assert.deepEqual([[...desk.leaf.view()], desk.leaf.heads()], before)
})
