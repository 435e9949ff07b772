/**
 * Timing profiles are whole configurations, and nonsense is refused.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Profile, SettingError, knobs, timings } from '../../src/members/profiles.ts'

const profiles: readonly Profile[] = ['test', 'lan', 'wan', 'simulated']

test('every profile passes its own checks and names every knob', () => {
  for (const profile of profiles) assert.deepEqual(Object.keys(timings(profile)), Object.keys(knobs))
})

test('wan is as agreed', () => {
  const wan = timings('wan')
  assert.equal(wan.beatMs, 30_000)
  assert.equal(wan.suspectMs, 100_000)
  assert.equal(wan.downMs, 900_000)
  assert.equal(wan.leaseMs, 7_200_000)
  assert.equal(wan.trashMs, 259_200_000)
  assert.equal(wan.repairMoreTrustedMs, 900_000)
})

test('simulated is wan with ten times slower beats', () => {
  const [wan, simulated] = [timings('wan'), timings('simulated')]
  assert.equal(simulated.beatMs, 300_000)
  assert.equal(simulated.suspectMs, 10 * wan.suspectMs)
  assert.equal(simulated.downMs, 10 * wan.downMs)
  const { beatMs, suspectMs, downMs, steadyMs, ...rest } = simulated
  assert.ok(steadyMs >= 3 * beatMs && suspectMs < downMs)
  assert.deepEqual({ ...wan, ...rest }, { ...wan })
})

test('an override replaces one timing', () => {
  assert.deepEqual(timings('test', { downMs: 9000 }), { ...timings('test'), downMs: 9000 })
})

test('what would break a promise is refused', () => {
  const refused = (overrides: Parameters<typeof timings>[1], words: RegExp): void =>
    assert.throws(
      () => timings('wan', overrides),
      (error) => error instanceof SettingError && error.code === 'MESH_BAD_SETTING' && words.test(error.message)
    )
  refused({ suspectMs: 89_999 }, /suspectMs.*three beats/)
  refused({ downMs: 99_999 }, /downMs.*suspectMs/)
  refused({ leaseMs: 7_199_999 }, /leaseMs.*three renewals/)
  refused({ trashMs: 7_199_999 }, /trashMs.*leaseMs/)
  refused({ beatMs: 0 }, /beatMs/)
  refused({ settleMs: -1 }, /settleMs/)
  refused({ stepInMs: 0.5 }, /stepInMs/)
  refused({ downMs: NaN }, /downMs/)
  refused({ dwonMs: 1 } as never, /dwonMs/)
})

test('every knob says why', () => {
  for (const [name, { reason }] of Object.entries(knobs)) assert.ok(reason.length > 60, name)
})
