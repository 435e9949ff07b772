// What comes in and is not pinned yet is not deleted; a deletion that has begun before is waited for.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Arrivals } from '../src/arrivals.ts'

const never = async (): Promise<void> => assert.fail('it was deleted')

test('a deletion is put off while the content arrives, however often', async () => {
  const arrivals = new Arrivals()
  const [one, two] = [arrivals.begin(), arrivals.begin()]
  one.add('a')
  one.add('a')
  two.add('a')
  assert.equal(await arrivals.deleted('a', never), false)
  one.end()
  one.end()
  assert.equal(await arrivals.deleted('a', never), false)
  let deleted = 0
  const work = async (): Promise<void> => void deleted++
  assert.equal(await arrivals.deleted('b', work), true)
  two.end()
  assert.equal(await arrivals.deleted('a', work), true)
  assert.equal(deleted, 2)
})

test('an arrival waits for a deletion that had begun, also for one that fails', async () => {
  const arrivals = new Arrivals()
  const [fine, failing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const deletions = [arrivals.deleted('a', () => fine.promise), arrivals.deleted('b', () => failing.promise)]
  const arrival = arrivals.begin()
  arrival.add('a')
  arrival.add('b')
  let waited = false
  const waiting = arrival.undisturbed().then(() => (waited = true))
  fine.resolve()
  await deletions[0]
  assert.equal(waited, false)
  failing.reject(new Error('the disk is ill'))
  await assert.rejects(deletions[1]!, /ill/)
  await waiting
  arrival.end()
})
