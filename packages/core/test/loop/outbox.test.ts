/**
 * Tests of core, loop/outbox: each name says what it holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from '../../src/loop/outbox.ts'

test('effects leave in the order in which they were said, and each once', () => {
  const outbox = new Outbox()
  outbox.open({ mono: 5, wall: 1000 })
  outbox.emit({ kind: 'load', leaf: 1 })
  outbox.note('code', 'A sentence.', { field: 7 })
  outbox.fail(3, { code: 'MESH_X', text: 'No.' })
  assert.deepEqual(outbox.take(), [
    { kind: 'load', leaf: 1 },
    { kind: 'note', note: { code: 'code', text: 'A sentence.', field: 7 } },
    { kind: 'reply', id: 3, reply: { of: 'failure', failure: { code: 'MESH_X', text: 'No.' } } }
  ])
  assert.deepEqual(outbox.take(), [])
})

test('the time is that of the step, whatever was said before', () => {
  const outbox = new Outbox()
  outbox.open({ mono: 5, wall: 1000 })
  outbox.open({ mono: 6, wall: 900 })
  assert.deepEqual([outbox.mono, outbox.wall], [6, 900])
})

test('the wall clock is told in whole milliseconds since 1970, whatever the shell has', () => {
  const outbox = new Outbox()
  const told = [1000.999, 0.5, -0.5, -5000.25].map((wall) => {
    outbox.open({ mono: 5.25, wall })
    return outbox.wall
  })
  assert.deepEqual(told, [1000, 0, 0, 0])
  assert.equal(outbox.mono, 5.25)
})

test('a note can not be told under another code than its own', () => {
  const outbox = new Outbox()
  outbox.note('mine', 'Text.', { code: 'other' } as Record<string, string>)
  const [effect] = outbox.take()
  assert.ok(effect?.kind === 'note' && effect.note.code === 'mine')
})
