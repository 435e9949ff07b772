// What was turned away is told, and however often it knocks it does not fill the notes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Note } from '@pinmesh/core'
import { Refusals } from '../src/refusals.ts'

test('the first of a kind is told at once, then how many there were, now and then', () => {
  const said: Note[] = []
  let now = 0
  const refusals = new Refusals(
    (note) => said.push(note),
    () => now
  )
  for (let n = 0; n < 1000; n++) refusals.add(`peer ${n}`, 'gossip')
  refusals.add('other', 'framing')
  now = 9_999
  refusals.add('last', 'gossip')
  now = 10_000
  refusals.add('again', 'gossip')
  assert.deepEqual(
    said.map(({ code, what, peer, times }) => [code, what, peer, times]),
    [
      ['refused', 'gossip', 'peer 0', 1],
      ['refused', 'framing', 'other', 1],
      ['refused', 'gossip', 'again', 1001]
    ]
  )
})
