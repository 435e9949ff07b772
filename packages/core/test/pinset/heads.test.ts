/**
 * Tests of core, pinset/heads: each name says what it holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Heads, type HeadRow, levelSizes } from '../../src/pinset/heads.ts'
import { hash, nodeCrypto } from '../node-crypto.ts'

const crypto = nodeCrypto(1)

function heads(removed: readonly number[] = []): Heads {
  return new Heads({ crypto, removed: (writer) => removed.includes(writer) })
}

function row(leaf: number, writer: number, generation: number, seq: number, branch = 0): HeadRow {
  const digest = hash(Uint8Array.of(writer, generation, seq, branch, leaf >> 8, leaf))
  return { writer, prefixLen: 12, prefix: leaf << 4, generation, seq, hash: digest }
}

const id = (leaf: number, writer: number): { writer: number; prefixLen: 12; prefix: number } => ({
  writer,
  prefixLen: 12,
  prefix: leaf << 4
})

/** One log: its head, and which of its generations are void. */
interface LogState {
  leaf: number
  writer: number
  generation: number
  seq: number
  branch: number
  voids: number[]
}

const log: fc.Arbitrary<LogState> = fc.record({
  leaf: fc.constantFrom(0, 1, 15, 16, 4095),
  writer: fc.integer({ min: 1, max: 3 }),
  generation: fc.nat({ max: 2 }),
  seq: fc.integer({ min: 0, max: 2 }),
  branch: fc.nat({ max: 1 }),
  voids: fc.uniqueArray(fc.nat({ max: 2 }))
})
const state = fc.uniqueArray(log, { maxLength: 6, selector: ({ leaf, writer }) => `${leaf}/${writer}` })

/** What stands: the head if its generation does, else the newest void generation; nothing of the removed. */
function standing(logs: readonly LogState[], removed: readonly number[]): string[] {
  return logs
    .flatMap(({ leaf, writer, generation, seq, branch, voids }) => {
      const at = `${leaf}/${writer}`
      if (removed.includes(writer)) return []
      const newest = Math.max(-1, ...voids)
      if (seq > 0 && generation > newest) return [`${at}/${generation}/${seq}/${branch}`]
      return newest >= 0 ? [`${at} void ${newest}`] : []
    })
    .sort()
}

function build(logs: readonly LogState[], removed: readonly number[], order: (n: number) => number): Heads {
  const made = heads(removed)
  const sorted = logs.toSorted((a, b) => order(a.leaf * 4 + a.writer) - order(b.leaf * 4 + b.writer))
  for (const leaf of new Set(sorted.map((one) => one.leaf))) {
    const rows = sorted.filter((one) => one.leaf === leaf && one.seq > 0)
    made.set(
      leaf,
      rows.map((one) => row(leaf, one.writer, one.generation, one.seq, one.branch))
    )
  }
  for (const { leaf, writer, voids } of sorted) {
    for (const generation of voids.toSorted((a, b) => order(a) - order(b))) made.setVoid(id(leaf, writer), generation)
  }
  return made
}

/** The same logs, some of them a little further, or void in another generation. */
const variation = fc.array(
  fc.record(
    { generation: fc.nat({ max: 2 }), seq: fc.integer({ min: 0, max: 2 }), voids: fc.uniqueArray(fc.nat({ max: 2 })) },
    { requiredKeys: [] }
  ),
  { maxLength: 2 }
)

test('roots are equal if and only if the same heads stand', () => {
  const removed = fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { maxLength: 1 })
  fc.assert(
    fc.property(state, variation, removed, fc.boolean(), (one, changes, gone, reverse) => {
      const two = one.map((log, n) => ({ ...log, ...changes[n] }))
      const roots = [build(one, gone, (n) => n).root, build(two, gone, (n) => (reverse ? -n : n)).root]
      const same = standing(one, gone).join() === standing(two, gone).join()
      assert.equal(Buffer.compare(roots[0] as Uint8Array, roots[1] as Uint8Array) === 0, same)
    }),
    { numRuns: 1000 }
  )
})

test('the digests of a node differ exactly where something below it differs', () => {
  const one = heads()
  const two = heads()
  for (const made of [one, two]) made.set(7, [row(7, 1, 0, 1)])
  two.set(0xabc, [row(0xabc, 1, 0, 1)])
  for (let level = 0; level < 4; level++) {
    for (let at = 0; at < (levelSizes[level] as number); at++) {
      const above = 0xabc >> (4 * (3 - level)) === at
      assert.equal(Buffer.compare(one.digest(level, at), two.digest(level, at)) !== 0, above)
    }
  }
})

test('a digest follows every change below it, back to where it was', () => {
  const made = heads()
  const empty = made.root
  made.set(5, [row(5, 1, 0, 1)])
  const one = made.root
  made.set(5, [row(5, 1, 0, 2)])
  assert.notDeepEqual(made.root, one)
  made.set(5, [row(5, 1, 0, 1)])
  assert.deepEqual(made.root, one)
  made.set(5, [])
  assert.deepEqual(made.root, empty)
})

test('two peers that know different branches of a void generation, or none, are equal', () => {
  const roots = [[row(5, 1, 0, 3, 0)], [row(5, 1, 0, 2, 1)], []].map((rows) => {
    const made = heads()
    made.set(5, rows)
    made.setVoid(id(5, 1), 0)
    return made.root
  })
  assert.deepEqual(roots[1], roots[0])
  assert.deepEqual(roots[2], roots[0])
  assert.notDeepEqual(roots[0], heads().root)
})

test('a later generation makes it as if the void one had never been', () => {
  const plain = heads()
  plain.set(5, [row(5, 1, 1, 1)])
  const after = heads()
  after.setVoid(id(5, 1), 0)
  after.set(5, [row(5, 1, 1, 1)])
  assert.deepEqual(after.root, plain.root)
})

test('a removed writer counts for nothing, its heads and its void generations alike', () => {
  let removed = false
  const made = new Heads({ crypto, removed: () => removed })
  made.set(5, [row(5, 1, 0, 1)])
  made.setVoid(id(6, 1), 0)
  removed = true
  for (const leaf of [5, 6]) made.touch(leaf)
  assert.deepEqual(made.root, heads().root)
})

test('it finds the leaves of a writer and the head of a log', () => {
  const made = heads()
  made.set(5, [row(5, 1, 0, 1), row(5, 2, 0, 4)])
  made.set(9, [row(9, 2, 0, 1)])
  assert.deepEqual([made.leavesOf(1), made.leavesOf(2), made.leavesOf(3)], [[5], [5, 9], []])
  assert.equal(made.find(id(5, 2))?.seq, 4)
  assert.equal(made.find(id(9, 1)), undefined)
  assert.equal(made.find({ ...id(5, 2), prefixLen: 16 }), undefined)
})
