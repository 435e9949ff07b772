/**
 * Tests of core, loop/disk: each name says what it holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Effect, Row } from '../../src/effects.ts'
import { Agenda } from '../../src/loop/agenda.ts'
import { Disk } from '../../src/loop/disk.ts'
import { Outbox } from '../../src/loop/outbox.ts'
import { only } from '../kit.ts'

class Desk {
  readonly outbox = new Outbox()
  readonly agenda = new Agenda()
  readonly disk = new Disk(this.outbox, this.agenda)
  readonly told: string[] = []
  mono = 0

  row(n: number): Row {
    return { table: 'meta', key: Uint8Array.of(n >> 8, n), value: Uint8Array.of(n) }
  }

  write(name: string, n: number, more: { rollback?: boolean; sync?: boolean; patient?: boolean } = {}): void {
    this.disk.write({ rows: [this.row(n)], ...more, done: (code) => this.told.push(`${name} ${code ?? 'done'}`) })
  }

  flush(): (Effect & { kind: 'write' })[] {
    this.outbox.open({ mono: this.mono, wall: 0 })
    this.agenda.run(this.mono)
    this.disk.flush()
    return only(this.outbox.take(), 'write')
  }
}

const numbers = (effect: (Effect & { kind: 'write' }) | undefined): number[] =>
  (effect?.rows ?? []).map(({ key }) => (key[0] as number) * 256 + (key[1] as number))

test('one batch is under way at a time, and what comes meanwhile is the next one', () => {
  const desk = new Desk()
  desk.write('a', 1)
  desk.write('b', 2)
  const [first] = desk.flush()
  assert.deepEqual(numbers(first), [1, 2])
  desk.write('c', 3)
  desk.write('d', 4)
  assert.deepEqual(desk.flush(), [])
  assert.deepEqual(desk.told, [])
  desk.disk.written(first?.batch ?? 0)
  assert.deepEqual(desk.told, ['a done', 'b done'])
  assert.deepEqual(numbers(desk.flush()[0]), [3, 4])
})

test('a patient group leaves at once where the disk was left alone, else with what comes within a moment', () => {
  const desk = new Desk()
  const patient = { sync: true, patient: true }
  desk.mono = 100
  desk.write('a', 1, patient)
  assert.deepEqual(numbers(desk.flush()[0]), [1])
  desk.disk.written(1)
  desk.mono = 101
  desk.write('b', 2, patient)
  assert.deepEqual(desk.flush(), [])
  assert.equal(desk.agenda.wakeAt(desk.mono), 120)
  desk.mono = 119
  desk.write('c', 3, patient)
  assert.deepEqual(desk.flush(), [])
  desk.mono = 120
  assert.deepEqual(numbers(desk.flush()[0]), [2, 3])
})

test('a group that somebody waits for takes the patient ones with it', () => {
  const desk = new Desk()
  desk.write('a', 1, { patient: true })
  desk.flush()
  desk.disk.written(1)
  desk.write('b', 2, { patient: true })
  assert.deepEqual(desk.flush(), [])
  desk.write('c', 3)
  assert.deepEqual(numbers(desk.flush()[0]), [2, 3])
  desk.disk.written(2)
  assert.deepEqual(desk.told, ['a done', 'b done', 'c done'])
})

test('a batch is durable as soon as one of its groups has to be', () => {
  const desk = new Desk()
  desk.write('a', 1)
  assert.equal(desk.flush()[0]?.sync, false)
  desk.disk.written(1)
  desk.write('b', 2)
  desk.write('c', 3, { sync: true })
  assert.equal(desk.flush()[0]?.sync, true)
})

test('after a failure what can be rolled back is told so, and the rest is written first and in its order a second later', () => {
  const desk = new Desk()
  desk.write('a', 1)
  desk.write('r', 2, { rollback: true })
  desk.write('b', 3)
  desk.flush()
  desk.write('c', 4)
  desk.disk.failed(1, 'MESH_DISK_FULL')
  assert.deepEqual(desk.told, ['r MESH_DISK_FULL'])
  desk.mono = 999
  assert.deepEqual(desk.flush(), [])
  assert.equal(desk.agenda.wakeAt(desk.mono), 1000)
  desk.mono = 1000
  const [again] = desk.flush()
  assert.deepEqual(numbers(again), [1, 3, 4])
  desk.disk.written(again?.batch ?? 0)
  assert.deepEqual(desk.told, ['r MESH_DISK_FULL', 'a done', 'b done', 'c done'])
})

test('a batch ends at the group that fills it, and no group is cut in two', () => {
  const desk = new Desk()
  const group = (from: number): Row[] => Array.from({ length: 3000 }, (_, n) => desk.row(from + n))
  desk.disk.write({ rows: group(0) })
  desk.disk.write({ rows: group(3000) })
  desk.disk.write({ rows: group(6000) })
  assert.equal(desk.flush()[0]?.rows.length, 6000)
  desk.disk.written(1)
  assert.equal(desk.flush()[0]?.rows.length, 3000)
})

test('an answer for a batch that is not under way is a broken invariant', () => {
  const desk = new Desk()
  assert.throws(() => desk.disk.written(1))
  desk.write('a', 1)
  desk.flush()
  assert.throws(() => desk.disk.written(2))
  desk.disk.written(1)
  assert.throws(() => desk.disk.failed(1, 'x'))
})

test('whatever fails, every group is told once; what was told done is on disk, and rows land in the order they were given', () => {
  const group = fc.record({ rollback: fc.boolean(), failures: fc.boolean() })
  fc.assert(
    fc.property(fc.array(group, { maxLength: 30 }), fc.array(fc.boolean(), { maxLength: 12 }), (groups, failing) => {
      const desk = new Desk()
      const disk: number[] = []
      const outcomes = groups.map((): (string | undefined)[] => [])
      let next = 0
      for (let round = 0; round < 60; round++) {
        for (let n = 0; n < 3 && next < groups.length; n++) {
          const id = next++
          const { rollback } = groups[id] as { rollback: boolean }
          desk.disk.write({
            rows: [desk.row(id)],
            rollback,
            done: (code) => {
              outcomes[id]?.push(code)
              if (code === undefined) assert.ok(disk.includes(id))
            }
          })
        }
        const [write] = desk.flush()
        if (write !== undefined) {
          if (failing.shift() === true) desk.disk.failed(write.batch, 'x')
          else {
            disk.push(...numbers(write))
            desk.disk.written(write.batch)
          }
        }
        desk.mono += 1000
      }
      assert.deepEqual(
        disk,
        disk.toSorted((a, b) => a - b)
      )
      outcomes.forEach((told, id) => {
        assert.equal(told.length, 1)
        assert.equal(told[0] === undefined, disk.includes(id))
        if (groups[id]?.rollback === false) assert.equal(told[0], undefined)
      })
    }),
    { numRuns: 60 }
  )
})
