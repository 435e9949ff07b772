/*
 * What comes first of a set or map is what a new walk would say, whatever comes and goes between two looks.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { Front } from '../../src/loop/front.ts'

const step = fc.oneof(
  fc.record({ add: fc.nat(20) }),
  fc.record({ remove: fc.nat(20) }),
  fc.constant('take'),
  fc.constant('clear')
)

test('the first is what came first of all that is there', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const set = new Set<number>()
      const front = new Front(set)
      for (const one of steps) {
        if (one === 'clear') set.clear()
        else if (one !== 'take') {
          if ('add' in one) set.add(one.add)
          else set.delete(one.remove)
        } else {
          const [first] = set
          assert.equal(front.next(), first)
          if (first !== undefined) set.delete(first)
        }
      }
    })
  )
})
