// Which pins a listing shows.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ListedPin, PinStatus } from '../src/mesh-pins.ts'
import { listPasses, matches, statusPasses } from '../src/pin-filters.ts'
import { healthOf } from '../src/pin-health.ts'

const letters = fc.constantFrom('a', 'b', '*', '?', '.')

test('a pattern fits what the regular expression of its stars and marks fits', () => {
  const pattern = fc.array(letters, { maxLength: 8 }).map((all) => all.join(''))
  const text = fc.array(fc.constantFrom('a', 'b', '.'), { maxLength: 8 }).map((all) => all.join(''))
  fc.assert(
    fc.property(text, pattern, (some, like) => {
      const form = like.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')
      assert.equal(matches(some, like), new RegExp(`^${form}$`).test(some), `${some} ${like}`)
    }),
    { numRuns: 2000 }
  )
})

test('a pattern of many stars takes no longer than its length allows', () => {
  assert.ok(!matches('a'.repeat(255), `${'a*'.repeat(120)}b`))
})

const pin: ListedPin = { cid: 'c', want: 2, min: 1, name: 'films-1', meta: { team: 'web', a: 'b' }, expiry: 5000 }

test('all that is asked for must fit', () => {
  const fits = (filter: Parameters<typeof listPasses>[1]): boolean => listPasses(pin, filter, 1000)
  assert.ok(fits({}))
  assert.ok(fits({ name: 'films-*', meta: { team: 'web' }, expiringMs: 4000 }))
  assert.ok(!fits({ name: 'film' }))
  assert.ok(!fits({ name: 'films-*', meta: { team: 'other' } }))
  assert.ok(!fits({ meta: { team: 'web', more: '' } }))
  assert.ok(!fits({ expiringMs: 3999 }))
  assert.ok(!fits({ slot: 'web' }))
  assert.ok(listPasses({ ...pin, slot: 'web' }, { slot: 'web' }, 1000))
  assert.ok(listPasses(pin, { expiringMs: 0 }, 9000))
  assert.ok(!listPasses({ cid: 'c', want: 1, min: 1 }, { expiringMs: Number.MAX_SAFE_INTEGER }, 0))
  assert.ok(!listPasses({ cid: 'c', want: 1, min: 1 }, { meta: { constructor: 'x' } }, 0))
})

const status = (more: Partial<PinStatus>): PinStatus => ({ cid: 'c', want: 3, min: 2, have: 3, peers: [], ...more })

test('how well a pin is kept', () => {
  const health = (more: Partial<PinStatus>): string => healthOf(status(more))
  assert.deepEqual(
    [health({}), health({ have: 2 }), health({ have: 1 }), health({ expired: true }), health({ limbo: true })],
    ['ok', 'few', 'at-risk', 'lapsed', 'limbo']
  )
  assert.equal(health({ trusted: { have: 0, want: 1 } }), 'few')
})

test('a status passes if any of the filters is true of it, or of a peer', () => {
  const one = status({
    have: 1,
    peers: [
      { peer: 'a', state: 'failed', target: true },
      { peer: 'b', state: 'none', target: true }
    ]
  })
  assert.ok(statusPasses(one, ['ok', 'at-risk']))
  assert.ok(statusPasses(one, ['failed']))
  assert.ok(statusPasses(one, ['queued']), 'who has said nothing yet is on its way to queue it')
  assert.ok(!statusPasses(one, ['held', 'few', 'fetching']))
})
