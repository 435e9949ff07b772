// Whether the own wall clock may be believed: against the others' beats, before any is heard, and across jumps.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from '../../src/loop/outbox.ts'
import { Clock, type Told } from '../../src/members/clock.ts'

const year = 365 * 24 * 60 * 60 * 1000
const hour = 60 * 60 * 1000
const epoch = 1_800_000_000_000

/** A clock that is `ahead` of the true time, which moves by `run`. */
class Bench {
  readonly outbox = new Outbox()
  told: Told[] = []
  alone = false
  ahead: number
  readonly clock: Clock
  #mono = 1000

  constructor(ahead = 0) {
    this.ahead = ahead
    this.run(0)
    this.clock = new Clock({ outbox: this.outbox, told: () => this.told, alone: () => this.alone })
  }

  /** Beats of others whose clocks are ahead of the true time by these. */
  hear(...ahead: number[]): this {
    this.told = ahead.map((ms) => ({ wall: epoch + this.#mono + ms, at: this.#mono }))
    this.clock.look()
    return this
  }

  run(ms: number): void {
    this.#mono += ms
    this.outbox.open({ mono: this.#mono, wall: epoch + this.#mono + this.ahead })
  }

  get verdict(): [isRight: boolean, inDoubt: boolean] {
    return [this.clock.isRight, this.clock.inDoubt]
  }
}

const right = [true, false]
const doubtful = [false, true]
const undecided = [false, false]

test('a clock near the median of all is right, one that is far from it is in doubt', () => {
  for (const ahead of [-year, -hour, hour, year]) {
    assert.deepEqual(new Bench(ahead).hear(0, 0).verdict, doubtful)
    assert.deepEqual(new Bench().hear(0, ahead).verdict, right)
    assert.deepEqual(new Bench().hear(0, 0, ahead, ahead).verdict, right)
  }
  assert.deepEqual(new Bench(299_000).hear(0, 0, 0).verdict, right)
})

test('where two halves disagree both are in doubt', () => {
  assert.deepEqual(new Bench().hear(year).verdict, doubtful)
  assert.deepEqual(new Bench(year).hear(0).verdict, doubtful)
  assert.deepEqual(new Bench().hear(0, year, year).verdict, doubtful)
})

test('what is signed by a clock in doubt is dated by the others, if they agree', () => {
  const bench = new Bench(year).hear(0, 10, 20)
  assert.ok(Math.abs(bench.clock.ownDate - (epoch + 1000)) < 100)
  assert.equal(bench.clock.date, undefined, 'and nothing of others is judged by it')
  const apart = new Bench(year).hear(0)
  assert.equal(apart.clock.ownDate, apart.outbox.wall)
  const good = new Bench().hear(0, year)
  assert.deepEqual([good.clock.ownDate, good.clock.date], [good.outbox.wall, good.outbox.wall])
})

test('what is signed is dated in whole milliseconds since 1970, though both clocks have fractions', () => {
  for (const ahead of [year + 0.3, -epoch - hour]) {
    const bench = new Bench(ahead)
    bench.run(0.255)
    bench.hear(0, 10.5, 20)
    bench.run(0.6)
    const { ownDate, offsetMs } = bench.clock
    assert.ok(Number.isInteger(ownDate) && ownDate >= 0 && Number.isInteger(offsetMs), `${ownDate} ${offsetMs}`)
  }
})

test('what was heard goes on ticking: a jump of the own clock shows at once, in both directions', () => {
  const bench = new Bench().hear(0, 0)
  bench.run(hour)
  assert.deepEqual(bench.verdict, right)
  bench.ahead = year
  bench.run(1)
  assert.deepEqual(bench.verdict, doubtful)
  bench.ahead = 0
  bench.run(1)
  assert.deepEqual(bench.verdict, right)
})

test('before anybody is heard it is undecided, unless the own record says that this life follows the last', () => {
  assert.deepEqual(new Bench().verdict, undecided)
  for (const [until, expected] of [
    [0, undecided],
    [epoch - 1, undecided],
    [epoch + hour / 2, right],
    [epoch + year, undecided]
  ] as const) {
    const bench = new Bench()
    bench.clock.resume(until, hour)
    assert.deepEqual(bench.verdict, expected, String(until - epoch))
    assert.equal(bench.clock.date, undefined, 'others are not judged by that')
  }
})

test('once others are silent it goes by what they said, as long as it does not jump', () => {
  const bench = new Bench().hear(0, 0).hear()
  bench.run(hour)
  assert.deepEqual(bench.verdict, right)
  assert.equal(bench.clock.date, bench.outbox.wall)
  bench.ahead = year
  bench.run(1)
  assert.deepEqual(bench.verdict, undecided)
  assert.equal(bench.clock.date, undefined)
})

test('alone there is nobody to be wrong against', () => {
  const bench = new Bench(year)
  bench.alone = true
  assert.deepEqual(bench.verdict, right)
  assert.equal(bench.clock.date, undefined, 'whoever comes is let in')
})

test('its standing changes with what it may be used for, and only then', () => {
  const bench = new Bench(year)
  const seen = [bench.clock.standing]
  for (const others of [[0], [1], [0, 0], [2, 3]]) seen.push(bench.hear(...others).clock.standing)
  assert.deepEqual([seen[1] === seen[2], seen[3] === seen[4], new Set(seen).size], [true, true, 3])
  bench.ahead = 0
  bench.run(1)
  assert.ok(bench.clock.isRight && !seen.includes(bench.clock.standing))
})
