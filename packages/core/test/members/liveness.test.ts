/**
 * Liveness as a fault detector: who is alive, suspect, down or unheard, and when that may change.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'

import { Liveness, slownessMax } from '../../src/members/liveness.ts'
import { timings } from '../../src/members/profiles.ts'
import { World } from './kit.ts'

const base = timings('test')

function observer(...peers: string[]): Liveness {
  const liveness = new Liveness({ self: 'self', timings: base, startedAt: 0 })
  liveness.retain(new Set(peers), 0)
  return liveness
}

function beat(n: number, differing: Partial<Parameters<Liveness['heard']>[0]> = {}): Parameters<Liveness['heard']>[0] {
  return { peer: 'a', incarnation: 1, n, everyMs: base.beatMs, store: 'ok', ...differing }
}

test('a member is unheard until its beats move while I listen', () => {
  const liveness = observer('a')
  assert.equal(liveness.stateOf('a', 0), 'unheard')
  assert.equal(liveness.heard(beat(7), 100), true)
  assert.equal(liveness.stateOf('a', 100), 'unheard')
  assert.equal(liveness.heard(beat(7), 200), false)
  assert.equal(liveness.stateOf('a', 200), 'unheard')
  assert.equal(liveness.heard(beat(8), 300), true)
  assert.equal(liveness.stateOf('a', 300), 'alive')
  assert.deepEqual(liveness.advance(300), [{ peer: 'a', from: 'unheard', to: 'alive' }])
  assert.deepEqual(liveness.advance(300), [])
})

test('a member that stays unheard is down once the time for it has passed', () => {
  const liveness = observer('a')
  liveness.heard(beat(7), 100)
  assert.equal(liveness.nextAt(), base.downMs)
  assert.equal(liveness.stateOf('a', base.downMs - 1), 'unheard')
  assert.equal(liveness.stateOf('a', base.downMs), 'down')
  assert.equal(liveness.since('a'), base.downMs)
})

test('only a larger number or a newer incarnation moves; strangers and I myself do not', () => {
  const liveness = observer('a')
  assert.equal(liveness.heard(beat(5, { incarnation: 3 }), 1), true)
  assert.equal(liveness.heard(beat(4, { incarnation: 3 }), 2), false)
  assert.equal(liveness.heard(beat(9, { incarnation: 2 }), 3), false)
  assert.equal(liveness.heard(beat(1, { incarnation: 4, store: 'full' }), 4), true)
  assert.equal(liveness.incarnationOf('a'), 4)
  assert.equal(liveness.storeOf('a'), 'full')
  assert.equal(liveness.heard(beat(1, { peer: 'stranger' }), 5), false)
  assert.equal(liveness.heard(beat(1, { peer: 'self' }), 5), false)
  assert.equal(liveness.stateOf('self', 5), 'alive')
})

test('silence makes suspect, then down, at the instants it was due', () => {
  const liveness = observer('a')
  liveness.heard(beat(1), 100)
  liveness.heard(beat(2), 1100)
  assert.equal(liveness.stateOf('a', 1100 + base.suspectMs - 1), 'alive')
  assert.equal(liveness.stateOf('a', 1100 + base.suspectMs), 'suspect')
  assert.equal(liveness.since('a'), 1100 + base.suspectMs)
  assert.equal(liveness.stateOf('a', 99_999), 'down')
  assert.equal(liveness.since('a'), 1100 + base.downMs)
  assert.deepEqual(liveness.advance(99_999), [{ peer: 'a', from: 'unheard', to: 'down' }])
  assert.equal(liveness.nextAt(), Infinity)
})

test('a beat ends suspicion at once, and the return from down only after steady beats', () => {
  const world = new World(3)
  world.run(5000)
  world.stop(0)
  world.run(4600)
  assert.equal(world.state(0), 'suspect')
  world.start(0)
  world.run(1000)
  assert.equal(world.state(0), 'alive')
  world.stop(0)
  world.run(10_000)
  assert.equal(world.state(0), 'down')
  world.start(0)
  world.run(base.steadyMs)
  assert.equal(world.state(0), 'down')
  world.run(base.beatMs)
  assert.equal(world.state(0), 'alive')
})

test('beats with gaps are not steady', () => {
  const liveness = observer('a')
  assert.equal(liveness.stateOf('a', base.downMs), 'down')
  for (let n = 1; n < 20; n++) {
    liveness.heard(beat(n), base.downMs + n * base.suspectMs)
    assert.equal(liveness.stateOf('a', base.downMs + n * base.suspectMs), 'down')
  }
})

test('each return within a day doubles the patience, up to eight times, and a day later it is forgotten', () => {
  const liveness = observer('a')
  let n = 0
  let now = 0
  const live = (ms: number): void => {
    for (const until = now + ms; now < until;) liveness.heard(beat(++n), (now += base.beatMs))
  }
  for (const factor of [1, 2, 4, 8, 8]) {
    live(10_000)
    assert.equal(liveness.stateOf('a', now + factor * base.downMs - 1), 'suspect')
    assert.equal(liveness.stateOf('a', now + factor * base.downMs), 'down')
    now += factor * base.downMs
  }
  live(10_000)
  live(24 * 60 * 60 * 1000)
  assert.equal(liveness.stateOf('a', now + base.downMs), 'down')
})

test('a peer is judged by the pace it declares, within a bound', () => {
  const liveness = observer('slow', 'sloth')
  for (const [peer, everyMs] of [
    ['slow', 3 * base.beatMs],
    ['sloth', 1000 * base.beatMs]
  ] as const) {
    liveness.heard(beat(1, { peer, everyMs }), 0)
    liveness.heard(beat(2, { peer, everyMs }), 0)
  }
  assert.equal(liveness.stateOf('slow', 3 * base.suspectMs - 1), 'alive')
  assert.equal(liveness.stateOf('slow', 3 * base.suspectMs), 'suspect')
  assert.equal(liveness.stateOf('slow', 3 * base.downMs), 'down')
  assert.equal(liveness.stateOf('sloth', slownessMax * base.downMs - 1), 'suspect')
  assert.equal(liveness.stateOf('sloth', slownessMax * base.downMs), 'down')
})

test('a peer that is no longer a member is forgotten', () => {
  const liveness = observer('a', 'b')
  liveness.heard(beat(1), 1)
  liveness.retain(new Set(['b', 'self']), 2)
  assert.equal(liveness.heard(beat(2), 3), false)
  assert.equal(liveness.incarnationOf('a'), undefined)
  assert.deepEqual(liveness.advance(99_999), [{ peer: 'b', from: 'unheard', to: 'down' }])
})

test('a peer that beats on time is never suspect, whatever its pace and however late messages are within a beat', () => {
  const paces = fc.array(fc.record({ every: fc.integer({ min: 1, max: slownessMax }), late: fc.nat({ max: 900 }) }), {
    minLength: 1,
    maxLength: 8
  })
  fc.assert(
    fc.property(paces, fc.nat(), (kinds, seed) => {
      const liveness = observer(...kinds.map((_, i) => `p${i}`))
      for (let now = 0; now < 60_000; now += 100) {
        kinds.forEach(({ every, late }, i) => {
          const everyMs = every * base.beatMs
          const jitter = ((seed + i * 7919 + Math.floor(now / everyMs) * 104_729) % 97) / 97
          const at = Math.floor(now / everyMs) * everyMs + Math.floor((late * jitter) / 100) * 100
          if (at === now) liveness.heard(beat(now + 1, { peer: `p${i}`, everyMs }), now)
          assert.ok(['unheard', 'alive'].includes(liveness.stateOf(`p${i}`, now)))
        })
      }
    }),
    { numRuns: 30 }
  )
})

test('the time of the next change is never too late: waking then shows every state as asking always does', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 4000 })), { maxLength: 60 }), (beats) => {
      const [lazy, eager] = [observer('p0', 'p1', 'p2', 'p3'), observer('p0', 'p1', 'p2', 'p3')]
      let now = 0
      const shown = new Map<string, string>()
      const wake = (until: number): void => {
        while (lazy.nextAt() <= until) {
          const at = Math.max(now, lazy.nextAt())
          for (const { peer, to } of lazy.advance(at)) shown.set(peer, to)
          if (lazy.nextAt() <= at) assert.fail('it does not move on')
        }
      }
      beats.forEach(([who, afterMs], n) => {
        wake(now + afterMs)
        now += afterMs
        for (const one of [lazy, eager]) one.heard(beat(n, { peer: `p${who}` }), now)
        for (const { peer, to } of lazy.advance(now)) shown.set(peer, to)
        for (let i = 0; i < 4; i++) assert.equal(shown.get(`p${i}`) ?? 'unheard', eager.stateOf(`p${i}`, now))
      })
    })
  )
})

test('a late step moves all deadlines by the gap', () => {
  const liveness = observer('a')
  liveness.heard(beat(1), 0)
  liveness.heard(beat(2), 1000)
  liveness.stepGap(2 * base.beatMs)
  assert.equal(liveness.nextAt(), 1000 + base.suspectMs)
  liveness.stepGap(50_000)
  assert.equal(liveness.nextAt(), 51_000 + base.suspectMs)
  assert.equal(liveness.stateOf('a', 51_000 + base.suspectMs - 1), 'alive')
  assert.equal(liveness.stateOf('a', 51_000 + base.suspectMs), 'suspect')
  assert.equal(liveness.since('a'), 51_000 + base.suspectMs)
})
