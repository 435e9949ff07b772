/*
 * Isolation and the brake, at the level of states: what an observer thinks while others vanish (FORMATS section 4, outcomes).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'

import { Brake } from '../../src/members/brake.ts'
import { volunteerWeightMax } from '../../src/members/basis.ts'
import { type Profile, timings } from '../../src/members/profiles.ts'
import { World, spanOf } from './kit.ts'

const base = timings('test')
const isolated = ({ isolated: yes }: { isolated: boolean }): boolean => yes
const braking = ({ braking: yes }: { braking: boolean }): boolean => yes
const profiles: readonly Profile[] = ['test', 'lan', 'wan', 'simulated']

for (const profile of profiles) {
  const of = timings(profile)

  test(`${profile}: 2 of 6 stopped are a loss like any other`, () => {
    const world = new World(5, { timings: of })
    world.run(10 * of.beatMs)
    world.stop(0, 1)
    const seen = world.run(of.downMs + 10 * of.beatMs)
    assert.ok(!seen.some(isolated) && !seen.some(braking))
    assert.deepEqual([world.state(0), world.state(1), world.state(2)], ['down', 'down', 'alive'])
  })

  test(`${profile}: 3 of 9 stopped brake, without isolation, for brakeMax`, () => {
    const world = new World(8, { timings: of })
    world.run(10 * of.beatMs)
    world.stop(0, 1, 2)
    const seen = world.run(of.downMs + of.brakeMaxMs + 10 * of.beatMs)
    assert.ok(!seen.some(isolated))
    const { ms, whole } = spanOf(seen, braking)
    assert.ok(whole && ms > of.brakeMaxMs - of.beatMs && ms <= of.brakeMaxMs)
  })

  test(`${profile}: 4 of 6 stopped isolate the rest, then brake, with no moment between, then it is whole`, () => {
    const world = new World(5, { timings: of })
    world.run(10 * of.beatMs)
    world.stop(0, 1, 2, 3)
    const seen = world.run(of.downMs + of.brakeMaxMs + 10 * of.beatMs)
    const alone = spanOf(seen, isolated)
    assert.ok(alone.whole && alone.ms > 0 && alone.ms <= of.downMs)
    const braked = spanOf(seen, braking)
    assert.ok(braked.whole && braked.ms > of.brakeMaxMs - of.beatMs && braked.ms <= of.brakeMaxMs)
    const both = spanOf(seen, (instant) => instant.isolated || instant.braking)
    assert.ok(both.whole)
    assert.ok(!seen.at(-1)?.isolated && !seen.at(-1)?.braking)
  })
}

test('of few members it takes the silence of all to be isolated', () => {
  const world = new World(3)
  world.run(10_000)
  world.stop(0, 1)
  assert.ok(!world.run(20_000).some(isolated))
  world.stop(2)
  const { ms, whole } = spanOf(world.run(20_000), isolated)
  assert.ok(whole && ms > 0 && ms <= base.downMs)
})

test('isolation ends when the others are heard again', () => {
  const world = new World(5)
  world.run(10_000)
  world.stop(0, 1, 2, 3, 4)
  assert.ok(world.run(5000).at(-1)?.isolated)
  world.start(0, 1, 2)
  assert.ok(!world.run(1000).at(-1)?.isolated)
})

test('a volunteer crowd that falls silent isolates nobody where three are trusted', () => {
  const world = new World(20, { trusted: (i) => i < 3 })
  world.run(10_000)
  world.stop(...Array.from({ length: 17 }, (_, i) => i + 3))
  const seen = world.run(20_000)
  assert.ok(!seen.some(isolated) && !seen.some(braking))
})

test('a step that came late isolates until the others are heard again, and moves nobody down', () => {
  const world = new World(5)
  world.run(10_000)
  world.liveness.stepGap(2 * base.beatMs)
  assert.ok(!world.look().isolated)
  for (const peer of world.peers) peer.nextAt += 60_000
  world.now += 60_000
  world.liveness.stepGap(60_000)
  assert.ok(world.look().isolated)
  const seen = world.run(2000)
  assert.ok(!seen.at(-1)?.isolated)
  assert.ok(spanOf(seen, isolated).whole)
  assert.ok(seen.every(({ states }) => [...states.values()].every((state) => state === 'alive')))
})

test('a step that came late and silence after it isolate for `down` at most', () => {
  const world = new World(5)
  world.run(10_000)
  world.stop(0, 1, 2, 3, 4)
  world.now += 60_000
  world.liveness.stepGap(60_000)
  const { ms, whole } = spanOf(world.run(20_000), isolated)
  assert.ok(whole && ms > base.suspectMs && ms <= base.downMs)
})

test('the brake ends when half are back, and those of a brake that ended do not start another', () => {
  const world = new World(8)
  world.run(10_000)
  world.stop(0, 1, 2, 3)
  assert.ok(world.run(10_000).at(-1)?.braking)
  world.start(0)
  assert.ok(world.run(5000).at(-1)?.braking)
  world.start(1)
  assert.ok(!world.run(5000).at(-1)?.braking)
  assert.ok(!world.run(60_000).some(braking))
})

test('the brake ends at resume, and a new outage starts a new one', () => {
  const world = new World(12)
  world.run(10_000)
  world.stop(0, 1, 2, 3)
  assert.ok(world.run(9000).at(-1)?.braking)
  world.liveness.resume()
  assert.ok(!world.look().braking)
  world.stop(4, 5, 6)
  assert.ok(!world.run(2000).some(braking))
  world.stop(7)
  assert.ok(world.run(10_000).at(-1)?.braking)
})

test('losses one after another, never three within the window, do not brake', () => {
  const world = new World(8)
  world.run(10_000)
  for (const i of [0, 1, 2, 3, 4, 5]) {
    world.stop(i)
    assert.ok(!world.run(0.65 * base.brakeWindowMs).some(braking))
  }
})

test('the brake goes by weight, in which a volunteer counts four times the median at most', () => {
  const down = new Set(['b0', 'b1', 'b2'])
  const downAt = (peer: string): number | undefined => (down.has(peer) ? 5 : undefined)
  const volunteers = (boast: number): { peer: string; trusted: boolean; weight: number }[] => [
    ...['b0', 'b1', 'b2'].map((peer) => ({ peer, trusted: false, weight: boast })),
    ...Array.from({ length: 40 }, (_, i) => ({ peer: `v${i}`, trusted: false, weight: 0 }))
  ]
  assert.equal(volunteerWeightMax(volunteers(10)), 2)
  // 3 × 4 of 52 are 23 %, and would be 98 % if each could weigh what it says.
  assert.ok(!new Brake(10, 100).on(6, volunteers(10), downAt))
  const trusted = volunteers(10).map((member) => ({ ...member, trusted: true }))
  assert.ok(new Brake(10, 100).on(6, trusted, downAt))
})

test('who hears everybody is neither isolated nor braking, and isolation lasts `down` at most', () => {
  const stops = fc.array(
    fc.record({ peer: fc.nat({ max: 8 }), atMs: fc.nat({ max: 20_000 }), forMs: fc.nat({ max: 20_000 }) }),
    { maxLength: 12 }
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), stops, (others, plan) => {
      const world = new World(others)
      world.run(4000)
      let lastStop = 0
      let alone = 0
      for (let now = 0; now < 60_000; now += 500) {
        world.peers.forEach((peer, i) => {
          const stopped = plan.some(({ peer: who, atMs, forMs }) => who === i && atMs <= now && now < atMs + forMs)
          if (stopped && !peer.stopped) lastStop = now
          peer.stopped = stopped
        })
        for (const instant of world.run(500)) {
          alone = instant.isolated ? alone + base.beatMs / 10 : 0
          // The latest silence may begin a beat before its stop.
          if (now - lastStop > base.downMs) assert.ok(!instant.isolated)
          if ([...instant.states.values()].every((state) => state === 'alive')) {
            assert.ok(!instant.isolated && !instant.braking)
          }
        }
      }
      assert.equal(alone, 0)
    }),
    { numRuns: 60 }
  )
})
