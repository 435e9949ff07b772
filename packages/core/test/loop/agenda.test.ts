/**
 * Tests of core, loop/agenda: each name says what it holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Agenda, type Timer } from '../../src/loop/agenda.ts'

test('timers run by time and then by age, each once, and none before its time', () => {
  const timer = fc.record({ at: fc.nat({ max: 50 }), cancelled: fc.boolean() })
  fc.assert(
    fc.property(
      fc.array(timer, { maxLength: 60 }),
      fc.array(fc.nat({ max: 60 }), { maxLength: 20 }),
      (timers, looks) => {
        const agenda = new Agenda()
        const ran: number[] = []
        const made: Timer[] = timers.map(({ at }, n) => agenda.at(at, () => ran.push(n)))
        timers.forEach(({ cancelled }, n) => ((made[n] as Timer).cancelled = cancelled))
        const expected = timers
          .map(({ at, cancelled }, n) => ({ at, cancelled, n }))
          .filter(({ cancelled }) => !cancelled)
          .sort((a, b) => a.at - b.at || a.n - b.n)
        for (const mono of [...looks.toSorted((a, b) => a - b), 100]) {
          agenda.run(mono)
          assert.deepEqual(
            ran,
            expected.filter(({ at }) => at <= mono).map(({ n }) => n)
          )
        }
        assert.equal(agenda.wakeAt(100), Infinity)
      }
    )
  )
})

test('it asks to be woken for the next timer that still counts, and at once while units wait', () => {
  const agenda = new Agenda()
  const early = agenda.at(10, () => {})
  agenda.at(30, () => {})
  assert.equal(agenda.wakeAt(0), 10)
  early.cancelled = true
  assert.equal(agenda.wakeAt(0), 30)
  agenda.soon(() => {})
  assert.equal(agenda.wakeAt(7), 7)
  agenda.run(7)
  assert.equal(agenda.wakeAt(7), 30)
})

test('a timer that a timer sets for now runs in the same step, one that a unit sets in the next', () => {
  const agenda = new Agenda()
  const ran: string[] = []
  agenda.at(5, () => agenda.at(5, () => ran.push('by timer')))
  agenda.soon(() => agenda.at(5, () => ran.push('by unit')))
  agenda.run(5)
  assert.deepEqual(ran, ['by timer'])
  assert.equal(agenda.wakeAt(5), 5)
  agenda.run(5)
  assert.deepEqual(ran, ['by timer', 'by unit'])
})

test('no step does more than sixteen units, nor more than eight in the background, however many are queued meanwhile', () => {
  const agenda = new Agenda()
  let soon = 0
  let background = 0
  const again = (): void => {
    soon++
    if (soon < 40) agenda.soon(again)
  }
  const behind = (): void => {
    background++
    if (background < 40) agenda.background(behind)
  }
  agenda.soon(again)
  agenda.background(behind)
  const steps: [number, number][] = []
  while (agenda.backlog > 0) {
    const before = [soon, background] as const
    agenda.run(0)
    steps.push([soon - before[0], background - before[1]])
  }
  for (const [s, b] of steps) {
    assert.ok(s <= 16)
    assert.ok(b <= 8)
  }
  assert.deepEqual([soon, background], [40, 40])
})

test('background units wait until nobody waits for anything else', () => {
  const agenda = new Agenda()
  const ran: string[] = []
  for (let n = 0; n < 20; n++) agenda.background(() => ran.push('background'))
  for (let n = 0; n < 20; n++) agenda.soon(() => ran.push('soon'))
  agenda.run(0)
  assert.deepEqual(ran, Array(16).fill('soon'))
  agenda.run(0)
  assert.deepEqual(ran.slice(16), [...Array(4).fill('soon'), ...Array(8).fill('background')])
})

test('units run in the order in which they were queued, over any number of steps', () => {
  const agenda = new Agenda()
  const ran: number[] = []
  for (let n = 0; n < 5000; n++) agenda.soon(() => ran.push(n))
  while (agenda.backlog > 0) agenda.run(0)
  assert.deepEqual(
    ran,
    Array.from({ length: 5000 }, (_, n) => n)
  )
})
