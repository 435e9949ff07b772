/*
 * Which leaves are in memory, and that work on a leaf waits for it, keeps its order, and is never lost.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Agenda } from '../../src/loop/agenda.ts'
import { Outbox } from '../../src/loop/outbox.ts'
import type { Slices } from '../../src/loop/slices.ts'
import { Leaves } from '../../src/pinset/leaves.ts'
import { Charter, only } from '../kit.ts'

const { meshId, founder: crypto } = new Charter(1)

class Desk {
  readonly outbox = new Outbox()
  readonly agenda = new Agenda()
  readonly leaves: Leaves
  mono = 0

  constructor(isEmpty: (id: number) => boolean = () => false) {
    const { outbox, agenda } = this
    this.leaves = new Leaves({ outbox, agenda, leaf: { meshId, crypto, stands: () => true }, isEmpty })
  }

  /** Does what is due; the leaves asked for. */
  work(): number[] {
    this.outbox.open({ mono: this.mono, wall: 0 })
    do this.agenda.run(this.mono)
    while (this.agenda.backlog > 0)
    return only(this.outbox.take(), 'load').map(({ leaf }) => leaf)
  }
}

test('work on a leaf asks for it once, waits for it, and is done in its order', () => {
  const desk = new Desk()
  const ran: number[] = []
  for (let n = 0; n < 3; n++) desk.leaves.with(7, () => ran.push(n))
  assert.deepEqual(desk.work(), [7])
  assert.equal(ran.length, 0)
  desk.leaves.loaded(7, [], [])
  desk.leaves.with(7, () => ran.push(3))
  assert.deepEqual(desk.work(), [])
  assert.deepEqual(ran, [0, 1, 2, 3])
})

test('a leaf of which nothing is on disk need not be asked for', () => {
  const desk = new Desk((id) => id === 7)
  let ran = 0
  desk.leaves.with(7, () => ran++)
  desk.leaves.with(8, () => ran++)
  assert.deepEqual(desk.work(), [8])
  assert.equal(ran, 1)
})

test('no more loads are under way than the disk is kept busy with, and the others follow', () => {
  const desk = new Desk()
  for (let leaf = 0; leaf < 100; leaf++) desk.leaves.with(leaf, () => {})
  const asked = desk.work()
  assert.equal(asked.length, 64)
  for (const leaf of asked) desk.leaves.loadFailed(leaf, 'MESH_STORE_FAILED')
  desk.mono = 1000
  assert.equal(desk.work().length, 64)
  for (const leaf of asked) desk.leaves.loaded(leaf, [], [])
  assert.equal(desk.work().length, 36)
})

test('a load that fails is tried again, and its work is not lost', () => {
  const desk = new Desk()
  let ran = 0
  desk.leaves.with(7, () => ran++)
  assert.deepEqual(desk.work(), [7])
  desk.leaves.loadFailed(7, 'MESH_STORE_FAILED')
  desk.mono = 999
  assert.deepEqual(desk.work(), [])
  desk.mono = 1000
  assert.deepEqual(desk.work(), [7])
  desk.leaves.loaded(7, [], [])
  desk.work()
  assert.equal(ran, 1)
})

test('the least recently used leaves are forgotten when there is too much, and never one whose rows are on their way', () => {
  const desk = new Desk(() => true)
  const use = (id: number, pending = 0): void => {
    desk.leaves.with(id, (leaf) => {
      Object.defineProperty(leaf, 'weight', { value: 40_000_000 })
      leaf.pending = pending
    })
    desk.work()
  }
  use(1)
  use(2, 1)
  use(3)
  use(1)
  use(4)
  assert.deepEqual(
    [1, 2, 3, 4].map((leaf) => desk.leaves.resident(leaf) !== undefined),
    [true, true, false, true]
  )
})

test('a forgotten leaf is not read before it is said to be, and what is asked of it meanwhile waits', () => {
  const desk = new Desk()
  desk.leaves.with(7, () => {})
  desk.work()
  desk.leaves.loaded(7, [], [])
  desk.work()
  const old = desk.leaves.resident(7)
  let ran = 0
  desk.leaves.with(7, (leaf) => {
    ran++
    assert.notEqual(leaf, old)
  })
  desk.leaves.forget(7)
  desk.leaves.with(7, () => ran++)
  assert.deepEqual(desk.work(), [])
  assert.equal(desk.leaves.resident(7), undefined)
  desk.leaves.reload(7)
  assert.deepEqual(desk.work(), [7])
  desk.leaves.loaded(7, [], [])
  desk.work()
  assert.equal(ran, 2)
})

test('background work on a leaf waits for all other work', () => {
  const desk = new Desk(() => true)
  const ran: string[] = []
  desk.leaves.later(1, () => ran.push('later'))
  desk.leaves.with(1, () => ran.push('now'))
  desk.leaves.with(2, () => ran.push('now'))
  desk.work()
  assert.deepEqual(ran, ['now', 'now', 'later'])
})

/** A job of so many slices. */
function* slices(count: number, ran: string[], name: string): Slices {
  for (let n = 1; n <= count; n++) {
    ran.push(`${name}${n}`)
    if (n < count) yield
  }
}

test('a job in slices holds its leaf: what comes for it then waits in its order, and other leaves do not', () => {
  const desk = new Desk(() => true)
  const ran: string[] = []
  desk.leaves.slices(1, () => slices(3, ran, 'a'))
  desk.leaves.with(1, () => ran.push('b'))
  desk.leaves.slices(1, () => slices(2, ran, 'c'))
  desk.leaves.with(1, () => {
    ran.push('d')
    desk.leaves.with(1, () => ran.push('f'))
  })
  desk.leaves.with(2, () => {
    ran.push('x')
    desk.leaves.with(1, () => ran.push('e'))
  })
  desk.work()
  assert.deepEqual(ran, ['a1', 'x', 'a2', 'a3', 'b', 'c1', 'c2', 'd', 'e', 'f'])
})

test('a leaf that is held is not forgotten for room, and must not be', () => {
  const desk = new Desk(() => true)
  const seen: unknown[] = []
  desk.leaves.slices(1, function* (leaf) {
    Object.defineProperty(leaf, 'weight', { value: 120_000_000 })
    yield
    assert.throws(() => desk.leaves.forget(1), /while a job is at work on it/)
    desk.leaves.with(2, (other) => Object.defineProperty(other, 'weight', { value: 120_000_000 }))
    yield
    yield
    seen.push(desk.leaves.resident(1) === leaf, leaf.pending)
  })
  desk.work()
  assert.deepEqual(seen, [true, 1])
  assert.equal(desk.leaves.resident(2)?.pending, 0)
})

test('background work on a leaf is done at once when somebody waits for that leaf', () => {
  const desk = new Desk(() => true)
  const ran: string[] = []
  desk.leaves.slices(1, () => slices(1, ran, 'first'))
  desk.work()
  desk.leaves.later(1, () => ran.push('visit'))
  const leaf = desk.leaves.resident(1)
  Object.defineProperty(leaf, 'warm', { value: false, configurable: true })
  Object.defineProperty(leaf, 'warming', { value: () => slices(40, [], '') })
  desk.outbox.open({ mono: 0, wall: 0 })
  desk.agenda.run(0) // the visit has begun, and is background work
  let busy = 0
  const other = (): void => void (++busy < 500 && desk.agenda.soon(other))
  desk.agenda.soon(other)
  desk.leaves.with(1, () => ran.push(`asked, after ${busy}`))
  Object.defineProperty(leaf, 'warm', { value: true })
  desk.work()
  assert.equal(ran[1], 'visit')
  assert.match(ran[2] as string, /^asked, after \d{1,2}$/)
})

test('work on entries alone does not make the view of a leaf', () => {
  const desk = new Desk(() => true)
  const warm: boolean[] = []
  desk.leaves.raw(1, (leaf) => warm.push(leaf.warm))
  desk.leaves.with(1, (leaf) => warm.push(leaf.warm))
  desk.work()
  assert.deepEqual(warm, [false, true])
})
