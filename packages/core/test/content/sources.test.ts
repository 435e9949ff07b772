/*
 * What a fetch is told of where content is, and what it tells when it fails: the origins that the pin's writers name
 * reach the back end, and its words reach the notes.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Effect } from '../../src/effects.ts'
import { originsMax } from '../../src/formats/register.ts'
import { Charter, cidText, type Driver, only } from '../kit.ts'

const origin = (n: number): string => `/ip4/203.0.113.${n}/tcp/4001`

function alone(): Driver {
  const driver = new Charter(1).driver(0)
  driver.start()
  driver.run(1000)
  return driver
}

/** The first fetch of this content. */
function fetchOf(driver: Driver, n: number): Effect & { kind: 'acquire' } {
  driver.run(30_000)
  const found = only(driver.effects, 'acquire').find(({ cid }) => cid === cidText(n))
  assert.ok(found !== undefined, 'it is fetched')
  return found
}

test('the origins of all slots of a pin reach the fetch, each once and no more than one slot may name', () => {
  const driver = alone()
  const more = Array.from({ length: originsMax }, (_, n) => origin(n + 2))
  const wishes = [
    { cid: cidText(1), origins: [origin(1), origin(2)], anyway: true },
    { cid: cidText(1), slot: 'again', origins: more, anyway: true },
    { cid: cidText(2), anyway: true }
  ]
  driver.ask({ do: 'pin', wishes })
  const { origins } = fetchOf(driver, 1)
  assert.equal(origins.length, originsMax)
  assert.equal(new Set(origins).size, originsMax)
  assert.ok(origins.every((one) => [origin(1), ...more].includes(one)))
  assert.deepEqual(fetchOf(driver, 2).origins, [])
})

test('why a fetch failed, in words, stands in the note that tells of it', () => {
  const driver = alone()
  driver.pin(cidText(1))
  const { job } = fetchOf(driver, 1)
  driver.step({ kind: 'acquire-failed', job, code: 'unreachable', bytes: 0, text: 'no router can be asked' })
  assert.equal(driver.notes('fetch-failed')[0]?.detail, 'no router can be asked')
})
