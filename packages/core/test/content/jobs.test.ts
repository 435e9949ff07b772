/*
 * Fetches against a budget: lanes, places, reservations; by examples and by a model of a back end that does what it likes.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  blocksAPlace,
  fetchesMaxDefault as fetchesMax,
  type Job,
  Jobs,
  type Lane,
  queuedMax,
  surePlaces
} from '../../src/content/jobs.ts'
import type { Effect } from '../../src/effects.ts'
import { canonicalCid } from '../../src/formats/key.ts'
import { Outbox } from '../../src/loop/outbox.ts'
import { cidText, only } from '../kit.ts'
import { hash } from '../node-crypto.ts'

const mib = 1024 * 1024

class Desk {
  readonly outbox = new Outbox()
  readonly ended: string[] = []
  readonly free: number[] = []
  makeRoom: (bytes: number) => boolean = () => false
  readonly jobs: Jobs = new Jobs({
    outbox: this.outbox,
    fetchesMax,
    sources: () => ['a', 'b'],
    origins: () => [],
    started: () => {},
    finished: ({ id, cancelled }, bytes) => this.ended.push(`${id} ${cancelled ? 'late' : 'held'} ${bytes}`),
    failed: ({ id }, reason) => this.ended.push(`${id} ${reason}`),
    displaced: ({ id }) => this.ended.push(`${id} displaced`),
    abandoned: ({ id }) => this.ended.push(`${id} abandoned`),
    makeRoom: (bytes) => this.makeRoom(bytes),
    spaceChanged: () => this.free.push(this.jobs?.free ?? 1)
  })

  constructor(budget = 100 * mib) {
    this.jobs.setBudget(budget)
  }

  /** A DAG's fetch, or a single block's. */
  add(n: number, lane: Lane = 'normal', more: { sizeKnown?: number; priority?: number; block?: true } = {}): Job {
    const { block, ...rest } = more
    const fixed = { bucket: 0, mode: 'recursive', tries: 0, priority: 0, sizeKnown: undefined } as const
    return this.jobs.add({
      ...fixed,
      ...rest,
      key: hash(Uint8Array.of(n >> 8, n)),
      cid: canonicalCid(cidText(n, block === true ? 0x55 : 0x70)),
      lane
    })
  }

  /** Starts what may start; the fetches that the back end is asked for. */
  run(): (Effect & { kind: 'acquire' })[] {
    this.jobs.run()
    return only(this.outbox.take(), 'acquire')
  }

  started(): number[] {
    return this.run().map(({ job }) => job)
  }
}

test('the urgent go first, then the ordinary, then those that nobody is known to hold, then those that failed', () => {
  const desk = new Desk()
  const ids = (['retry', 'blind', 'normal', 'urgent'] as const).map((lane, n) => desk.add(n, lane).id)
  assert.deepEqual(desk.started(), ids.toReversed())
})

test('within a lane the higher priority goes first, and age decides between equals', () => {
  const desk = new Desk()
  const ids = [0, 5, 0, 9, 5].map((priority, n) => desk.add(n, 'normal', { priority }).id)
  assert.deepEqual(
    desk.started(),
    [3, 1, 4, 0, 2].map((n) => ids[n])
  )
})

test('no more than so many are under way, and those that may be in vain leave places for the others', () => {
  const desk = new Desk(1000 * mib)
  for (let n = 0; n < 40; n++) desk.add(n, n % 2 === 0 ? 'blind' : 'retry', { sizeKnown: 1 })
  assert.equal(desk.started().length, fetchesMax - surePlaces)
  for (let n = 40; n < 80; n++) desk.add(n, 'normal', { sizeKnown: 1 })
  assert.equal(desk.started().length, surePlaces)
  assert.deepEqual(desk.started(), [])
})

test('of single blocks more are under way than of DAGs, and a DAG gets its place though more of them come', () => {
  const desk = new Desk(1000 * mib)
  for (let n = 0; n < 2; n++) desk.add(n)
  for (let n = 2; n < 200; n++) desk.add(n, 'normal', { block: true })
  const blocks = desk.started().slice(2)
  assert.equal(blocks.length, (fetchesMax - 2) * blocksAPlace)
  const dag = desk.add(200, 'urgent')
  for (const block of blocks.slice(0, blocksAPlace - 1)) {
    desk.jobs.acquired(block, 1, 1)
    assert.deepEqual(desk.started(), [])
  }
  desk.jobs.acquired(blocks.at(-1) as number, 1, 1)
  assert.deepEqual(desk.started(), [dag.id])
})

test('what a holder turned up for need not wait among the doubtful', () => {
  const desk = new Desk()
  for (let n = 0; n < fetchesMax - surePlaces; n++) desk.add(n, 'blind', { sizeKnown: 1 })
  const last = desk.add(fetchesMax - surePlaces, 'blind', { sizeKnown: 1 })
  desk.started()
  desk.jobs.promote(last, 'normal', 0)
  assert.deepEqual(desk.started(), [last.id])
})

test('a job that waits goes by the priority that its pin has now', () => {
  const desk = new Desk(1000 * mib)
  const [first, second, third] = [0, 1, 2].map((n) => desk.add(n, 'normal', { sizeKnown: 1, priority: 5 })) as [
    Job,
    Job,
    Job
  ]
  desk.jobs.promote(third, 'normal', 9)
  desk.jobs.promote(first, 'blind', 1)
  assert.deepEqual(desk.started(), [third.id, second.id, first.id])
})

test('when all places to wait are taken, the last in line makes room for what goes before it, and for nothing else', () => {
  const desk = new Desk(1000 * mib)
  const ids: number[] = []
  for (let n = 0; n < queuedMax; n++) ids.push(desk.add(n, 'normal', { sizeKnown: 1, priority: 5 }).id)
  for (const [lane, priority] of [
    ['normal', 5],
    ['normal', 4],
    ['blind', 255],
    ['retry', 255]
  ] as const)
    assert.ok(!desk.jobs.makeRoom(lane, priority), `${lane} ${priority}`)
  assert.deepEqual(desk.ended, [])
  assert.ok(desk.jobs.makeRoom('normal', 6))
  const soon = desk.add(queuedMax, 'normal', { sizeKnown: 1, priority: 6 })
  assert.ok(desk.jobs.makeRoom('urgent', 0))
  assert.deepEqual(desk.ended, [`${ids.at(-1)} displaced`, `${ids.at(-2)} displaced`])
  assert.equal(desk.started()[0], soon.id)
})

test('a fetch is allowed what was reserved for it: the known size, else a default, else all the room there is', () => {
  const desk = new Desk(100 * mib)
  desk.add(1, 'normal', { sizeKnown: 70 * mib })
  desk.add(2)
  desk.add(3)
  desk.add(4)
  assert.deepEqual(
    desk.run().map(({ bytesMax }) => bytesMax / mib),
    [70, 16, 14]
  )
  // The next waits for what others have reserved and may not use.
  assert.deepEqual(desk.ended, [])
  desk.jobs.acquired(2, mib, 1 * mib)
  assert.deepEqual(
    desk.run().map(({ job, bytesMax }) => [job, bytesMax / mib]),
    [[4, 15]]
  )
  const blocks = new Desk(100 * mib)
  blocks.add(1, 'normal', { block: true })
  assert.equal(blocks.run()[0]?.bytesMax, 2 * mib)
})

test('only what is used makes a peer full, not what fetches have reserved', () => {
  const desk = new Desk(100 * mib)
  for (let n = 0; n < 16; n++) desk.add(n)
  desk.run()
  assert.ok(desk.jobs.free < 0.1)
  assert.equal(desk.jobs.filled, 0)
  desk.jobs.setUsed(95 * mib)
  assert.equal(desk.jobs.filled, 0.95)
})

test('what is known not to fit is not begun', () => {
  const desk = new Desk(10 * mib)
  desk.add(1, 'normal', { sizeKnown: 10 * mib + 1 })
  assert.deepEqual(desk.started(), [])
  assert.deepEqual(desk.ended, ['1 no-space'])
  assert.ok(desk.jobs.idle)
})

test('room is made for what is known to be there and lacks it; it and those behind it wait meanwhile', () => {
  const desk = new Desk(10 * mib)
  desk.jobs.setUsed(8 * mib)
  const asked: number[] = []
  desk.makeRoom = (bytes) => asked.push(bytes / mib) < 3
  desk.add(1, 'blind', { sizeKnown: 3 * mib })
  assert.deepEqual(desk.started(), [])
  assert.deepEqual([desk.ended, asked], [['1 no-space'], []])
  const [large, small] = [4, 1].map((size) => desk.add(size, 'normal', { sizeKnown: size * mib }).id)
  assert.deepEqual(desk.started(), [])
  assert.deepEqual(asked, [2])
  desk.jobs.setUsed(7 * mib)
  assert.deepEqual(desk.started(), [])
  assert.deepEqual(asked, [2, 1])
  desk.jobs.setUsed(6 * mib)
  assert.deepEqual(desk.started(), [large])
  desk.jobs.setBudget(9 * mib)
  desk.jobs.acquireFailed(large as number, 'unreachable', 0)
  assert.deepEqual(desk.started(), [small])
})

test('what proves larger than reserved is given twice as much, then the rest, then fails for want of space', () => {
  const desk = new Desk(100 * mib)
  desk.add(1)
  const allowed: number[] = []
  for (let [one] = desk.run(); one !== undefined; [one] = desk.run()) {
    allowed.push(one.bytesMax / mib)
    desk.jobs.acquireFailed(one.job, 'limit', one.bytesMax)
  }
  assert.deepEqual(allowed, [16, 32, 64, 100])
  assert.deepEqual(desk.ended, ['1 no-space'])
  assert.equal(desk.jobs.free, 1)
})

test('a reservation ends with its fetch, and what is used is what the back end says', () => {
  const desk = new Desk(100 * mib)
  desk.add(1, 'normal', { sizeKnown: 50 * mib })
  desk.started()
  assert.equal(desk.jobs.free, 0.5)
  desk.jobs.acquired(1, 20 * mib, 25 * mib)
  assert.equal(desk.jobs.free, 0.75)
  assert.deepEqual(desk.ended, [`1 held ${20 * mib}`])
})

test('the end of a fetch never shows more room for an instant than there is before or after', () => {
  const desk = new Desk(100 * mib)
  desk.jobs.setUsed(40 * mib)
  desk.add(1, 'normal', { sizeKnown: 55 * mib })
  desk.started()
  desk.free.length = 0
  desk.jobs.acquired(1, 55 * mib, 95 * mib)
  assert.ok(
    desk.free.every((free) => free <= 0.051),
    desk.free.join()
  )
})

test('a queued job that is given up is gone, a running one is called off and ends when the back end says so', () => {
  const desk = new Desk()
  const [first, second] = [desk.add(1), desk.add(2)]
  desk.jobs.cancel(second)
  assert.deepEqual(desk.started(), [first.id])
  desk.jobs.cancel(first)
  desk.jobs.cancel(first)
  assert.deepEqual(desk.outbox.take(), [{ kind: 'cancel', job: first.id }])
  assert.equal(desk.jobs.of(first.key), undefined)
  desk.jobs.acquireFailed(first.id, 'aborted', 5)
  assert.deepEqual(desk.ended, ['1 abandoned'])
  assert.equal(desk.jobs.free, 1)
})

test('what was given up too late is told as held, and a job for the same pin that came meanwhile stays', () => {
  const desk = new Desk()
  const first = desk.add(1)
  desk.started()
  desk.jobs.cancel(first)
  const second = desk.add(1)
  desk.jobs.acquired(first.id, 5, 5)
  assert.deepEqual(desk.ended, ['1 late 5'])
  assert.equal(desk.jobs.of(first.key), second)
})

test('failures keep the reason that claims name', () => {
  const codes = {
    unreachable: 'unreachable',
    'bad-dag': 'refused',
    refused: 'refused',
    'back-end': 'back-end',
    'no-space': 'no-space',
    aborted: 'unreachable'
  } as const
  const desk = new Desk()
  Object.entries(codes).forEach(([code], n) => {
    const job = desk.add(n)
    desk.started()
    desk.jobs.acquireFailed(job.id, code as keyof typeof codes, 0)
  })
  assert.deepEqual(
    desk.ended.map((one) => one.split(' ')[1]),
    Object.values(codes)
  )
})

test('answers for jobs that are not under way change nothing', () => {
  const desk = new Desk()
  const job = desk.add(1)
  desk.jobs.acquireFailed(job.id, 'unreachable', 0)
  desk.jobs.acquireFailed(99, 'unreachable', 0)
  desk.jobs.progressed(99, 5)
  assert.deepEqual(desk.ended, [])
  assert.equal(desk.jobs.of(job.key), job)
})

const act = fc.record({
  do: fc.constantFrom('add', 'add', 'add', 'done', 'done', 'limit', 'fail', 'cancel', 'budget', 'free', 'trash'),
  n: fc.nat({ max: 20 }),
  size: fc.nat({ max: 60 })
})

test('whatever the back end does, what is used and reserved stays within the budget, and every job ends once', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
      let budget = 100 * mib
      const desk = new Desk(budget)
      const running = new Map<number, { allowed: number; job: number }>()
      const stored = new Map<number, number>()
      const used = (): number => [...stored.values()].reduce((sum, size) => sum + size, 0)
      const began = new Set<number>()
      let trash = false
      desk.makeRoom = () => trash
      for (const { do: what, n, size } of acts) {
        const one = [...running.values()][n % Math.max(1, running.size)]
        if (what === 'add') {
          const job = desk.add(n, n % 3 === 0 ? 'blind' : 'normal', size % 2 === 0 ? {} : { sizeKnown: size * mib })
          began.add(job.id)
        } else if (what === 'budget') {
          budget = (40 + size) * mib
          desk.jobs.setBudget(budget)
        } else if (what === 'trash') trash = !trash
        else if (what === 'free') {
          stored.clear()
          desk.jobs.setUsed(0)
        } else if (one !== undefined) {
          running.delete(one.job)
          if (what === 'done') {
            stored.set(one.job, Math.min(one.allowed, size * mib))
            desk.jobs.acquired(one.job, stored.get(one.job) as number, used())
          } else if (what === 'limit') desk.jobs.acquireFailed(one.job, 'limit', one.allowed)
          else if (what === 'fail') desk.jobs.acquireFailed(one.job, 'unreachable', 0)
          else running.set(one.job, one)
        }
        const before = [...running.values()].reduce((sum, { allowed }) => sum + allowed, 0) + used()
        let reserved = before
        for (const { job, bytesMax } of desk.run()) {
          reserved += bytesMax
          assert.ok(reserved <= Math.max(budget, before), 'a reservation exceeds the budget')
          running.set(job, { job, allowed: bytesMax })
        }
        assert.ok(running.size <= fetchesMax)
      }
      const ids = desk.ended.map((text) => text.split(' ')[0])
      assert.equal(new Set(ids).size, ids.length)
    }),
    { numRuns: 150 }
  )
})
