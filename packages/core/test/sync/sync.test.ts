/*
 * Sessions against the server of another core, without gossip: what differs becomes equal, in bounded rounds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Effect, timings } from '../../src/index.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../src/sync/frames.ts'
import { Charter, type Driver, Mesh, cidText, dice, invitePolicy, only } from '../kit.ts'

const step = fc.record({ peer: fc.nat({ max: 1 }), cid: fc.nat({ max: 30 }), unpin: fc.boolean(), slot: fc.boolean() })

/** Two or three started peers that hear nothing of each other, each with wishes of its own. */
function apart(peers: number, steps: { peer: number; cid: number; unpin: boolean; slot: boolean }[]): Mesh {
  const charter = new Charter(peers)
  const mesh = new Mesh(charter.cryptos.map((_, n) => charter.driver(n, { seed: n + 1 })))
  mesh.passes = () => false
  for (const peer of mesh.peers) {
    peer.start()
    peer.run(6000)
  }
  for (const { peer, cid, unpin, slot } of steps) {
    const one = mesh.peers[peer % peers] as Driver
    one.run(1)
    if (unpin) one.ask({ do: 'unpin', cids: [cidText(cid)], yes: true })
    else one.pin(cidText(cid), slot ? { slot: 'a' } : {})
  }
  const latest = Math.max(...mesh.peers.map(({ mono }) => mono))
  for (const peer of mesh.peers) peer.run(latest - peer.mono)
  return mesh
}

const publishes = (effect: Effect): boolean => effect.kind === 'publish'

function asks(peer: Driver): number {
  return only(peer.effects, 'ask').length
}

test('whatever two peers wished apart from each other, one session each way makes them equal', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const mesh = apart(2, steps)
      const [a, b] = mesh.peers as [Driver, Driver]
      mesh.passes = (_from, _to, effect) => !publishes(effect)
      a.step({ kind: 'connected', peer: b.peer })
      mesh.settle()
      b.step({ kind: 'connected', peer: a.peer })
      mesh.settle()
      a.run(0)
      mesh.run(3000)
      assert.ok(mesh.level)
      assert.deepEqual(a.listing(), b.listing())
      // hello, facts, three levels, at most thirty leaves in one ask, their logs, the vector: and some rounds of it.
      assert.ok(asks(a) + asks(b) < 120, `${asks(a)} and ${asks(b)} asks`)
    }),
    { numRuns: 15 }
  )
})

test('what one peer has reaches a third through the second, with no gossip at all', () => {
  const mesh = apart(3, [
    { peer: 0, cid: 1, unpin: false, slot: false },
    { peer: 2, cid: 2, unpin: false, slot: false }
  ])
  const [a, b, c] = mesh.peers as [Driver, Driver, Driver]
  mesh.passes = (from, to, effect) => !publishes(effect) && (from === b || to === b)
  for (const [one, other] of [
    [a, b],
    [b, a],
    [b, c],
    [c, b]
  ] as const)
    one.step({ kind: 'connected', peer: other.peer })
  mesh.until(() => mesh.level, 20_000, 'the three do not become level')
  assert.equal(a.core.counts().pins, 2)
})

test('answers that get lost cost time and nothing else', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 20 }), fc.integer({ min: 1, max: 1e6 }), (steps, seed) => {
      const mesh = apart(2, steps)
      const [a, b] = mesh.peers as [Driver, Driver]
      const chance = dice(seed)
      mesh.passes = (_from, _to, effect) => !publishes(effect) && chance(10) < 6
      for (const [one, other] of [
        [a, b],
        [b, a]
      ] as const)
        one.step({ kind: 'connected', peer: other.peer })
      mesh.run(20_000)
      mesh.passes = (_from, _to, effect) => !publishes(effect)
      mesh.until(() => mesh.level, 30_000, 'they do not become level')
      assert.deepEqual(a.listing(), b.listing())
    }),
    { numRuns: 10 }
  )
})

test('level peers ask each other no more than the rounds want', () => {
  const mesh = apart(2, [{ peer: 0, cid: 1, unpin: false, slot: false }])
  const [a, b] = mesh.peers as [Driver, Driver]
  mesh.passes = () => true
  a.step({ kind: 'connected', peer: b.peer })
  b.step({ kind: 'connected', peer: a.peer })
  mesh.run(30_000)
  assert.ok(mesh.level)
  const before = asks(a)
  mesh.run(60_000)
  // A round every three seconds, every tenth with beats and claims.
  const kinds = only(a.effects, 'ask')
    .slice(before)
    .map(({ frame }) => decodeFrame(frame).kind)
  assert.ok(kinds.length <= 20 + 2 * 3, kinds.join())
  assert.ok(kinds.every((kind) => kind === 'hello' || kind === 'vector' || kind === 'claims-wanted'))
})

test('a newcomer gets everything at once, by however many asks it takes', () => {
  const charter = new Charter(2)
  const mesh = new Mesh([charter.driver(0)]).start()
  const [a] = mesh.peers as [Driver]
  mesh.run(5000)
  const wishes = Array.from({ length: 2000 }, (_, n) => ({
    cid: cidText(n),
    anyway: true,
    name: `number ${n}`.repeat(20)
  }))
  a.ask({ do: 'pin', wishes })
  const b = charter.driver(1, { mono: a.mono })
  mesh.add(b)
  mesh.run(2000)
  assert.ok(mesh.level)
  assert.equal(b.core.counts().pins, 2000)
  assert.deepEqual(b.listing(), a.listing())
})

/** A founder and so many others, all with the same pins; and one who is about to join, with what the others answer it. */
function aboutToJoin(others: number, pins: number): { mesh: Mesh; newcomer: Driver; answers: Map<string, Frame[]> } {
  const charter = new Charter(others + 1, { writing: others })
  const mesh = new Mesh(Array.from({ length: others }, (_, n) => charter.driver(n, { seed: n + 1 }))).start()
  mesh.run(5000)
  const [first] = mesh.peers as [Driver]
  for (let n = 0; n < pins; n++) first.pin(cidText(n))
  mesh.until(() => mesh.level && mesh.peers.every(({ core }) => core.counts().pins === pins))
  const newcomer = charter.driver(others, { mono: first.mono, seed: others + 1 })
  const answers = new Map<string, Frame[]>()
  mesh.passes = (from, to, effect) => {
    if (to === newcomer && effect.kind === 'answer')
      answers.set(from.peer, [...(answers.get(from.peer) ?? []), decodeFrame(effect.frame)])
    return true
  }
  return { mesh, newcomer, answers }
}

const runsIn = (frames: readonly Frame[]): number =>
  frames.reduce((sum, frame) => sum + (frame.kind === 'data' ? frame.runs.length : 0), 0)

test('of several who have the same each gives a part, and nothing comes twice', () => {
  const { mesh, newcomer, answers } = aboutToJoin(2, 200)
  mesh.add(newcomer)
  mesh.until(() => mesh.level)
  const given = [...answers.values()].map(runsIn)
  const logs = newcomer.core.leaves().length
  assert.equal(given.length, 2)
  assert.ok(
    given.every((runs) => runs > 0),
    `${given.join()} of ${logs} logs`
  )
  assert.ok(given.reduce((sum, runs) => sum + runs) <= logs + 64, `${given.join()} of ${logs} logs`)
})

test('what one source never answers comes from the other at once', () => {
  const { mesh, newcomer, answers } = aboutToJoin(2, 200)
  const [first] = mesh.peers as [Driver]
  const passes = mesh.passes
  const silent = (from: Driver, effect: Effect): boolean =>
    from === first && effect.kind === 'answer' && decodeFrame(effect.frame).kind === 'data'
  const held: Effect[] = []
  mesh.hold = (from, to, effect) => to === newcomer && silent(from, effect) && held.push(effect) > 0
  mesh.passes = passes
  mesh.add(newcomer)
  mesh.until(() => mesh.level, 1000, 'it waits for who does not answer')
  assert.ok(held.length > 0)
  assert.ok([...answers.values()].map(runsIn).some((runs) => runs >= newcomer.core.leaves().length - 64))
})

test('while pins are still coming in no duties are planned, but not for longer than others wait for a target', () => {
  const { suspectMs, acquireGraceMs } = timings('test')
  const { mesh, newcomer } = aboutToJoin(1, 200)
  let given = 0
  mesh.hold = (_from, to, effect) =>
    to === newcomer && effect.kind === 'answer' && decodeFrame(effect.frame).kind === 'data' && ++given > 1
  mesh.add(newcomer)
  mesh.run(suspectMs + 100)
  const { pins } = newcomer.core.counts()
  assert.ok(pins > 0 && pins < 200 && given > 1, `${pins} pins after ${given} answers`)
  assert.ok(!newcomer.core.ready)
  mesh.run(acquireGraceMs / 2 + 1000)
  assert.ok(newcomer.core.ready)
})

test('the pinset of a mesh by invitation is told to members only, what makes a member to anybody', () => {
  const charter = new Charter(3, { vouched: 2, writing: 1, policy: invitePolicy })
  const mesh = new Mesh(charter.cryptos.map((_, n) => charter.driver(n, { seed: n + 1 })))
  const [a, b, stranger] = mesh.peers as [Driver, Driver, Driver]
  mesh.passes = (_from, to, effect) => to !== stranger || !publishes(effect)
  mesh.start()
  mesh.run(5000)
  a.pin(cidText(1))
  mesh.run(5000)
  assert.equal(b.core.counts().pins, 1)
  assert.equal(stranger.core.counts().pins, 0)
  assert.ok(stranger.notes('sync-failed').some(({ reason }) => reason === 'MESH_NOT_A_MEMBER'))
  a.ask({ do: 'change-trust', change: { kind: 'vouch', peer: stranger.peer } })
  mesh.until(() => stranger.core.counts().pins === 1, 20_000, 'it is not given what it may have now')
})

test('a peer of too old a protocol is told so', () => {
  const charter = new Charter(2, { policy: { ...invitePolicy, protocolMin: 2 } })
  const mesh = new Mesh(charter.cryptos.map((_, n) => charter.driver(n, { seed: n + 1 }))).start()
  const [a] = mesh.peers as [Driver]
  assert.ok(a.notes('sync-failed').some(({ reason }) => reason === 'MESH_VERSION_TOO_OLD'))
})

test('what a stranger asks of the pinset of a mesh by invitation is refused in every form', () => {
  const charter = new Charter(2, { vouched: 1, writing: 1 })
  const driver = charter.driver(0)
  driver.start()
  const answers = (
    [
      { kind: 'nodes', level: 0, ids: [0], digests: [] },
      { kind: 'heads', leaves: [1], heads: [] },
      { kind: 'want', logs: [] }
    ] as const
  ).map((ask) => {
    const asked = { kind: 'asked', id: 1, peer: charter.cryptos[1]?.peer as string, frame: encodeFrame(ask) } as const
    const effects = [...driver.step(asked), ...driver.settle()]
    const answer = decodeFrame(only(effects, 'answer')[0]?.frame as Uint8Array)
    return answer.kind === 'error' ? answer.code : answer.kind
  })
  assert.deepEqual(answers, ['MESH_NOT_A_MEMBER', 'MESH_NOT_A_MEMBER', 'MESH_NOT_A_MEMBER'])
})

test('who has the beginning of a log asks for the rest of it, and no more', () => {
  const mesh = apart(2, [])
  const [a, b] = mesh.peers as [Driver, Driver]
  mesh.passes = (_from, _to, effect) => !publishes(effect)
  a.step({ kind: 'connected', peer: b.peer })
  b.step({ kind: 'connected', peer: a.peer })
  for (const count of [1, 3, 4]) {
    for (let n = 0; n < count; n++) {
      a.run(1)
      a.pin(cidText(1), { name: `name ${a.mono}` })
    }
    b.run(a.mono - b.mono)
    const before = a.effects.length
    mesh.run(10_000)
    assert.ok(mesh.level)
    const answers = only(a.effects.slice(before), 'answer').map(({ frame }) => decodeFrame(frame))
    const given = answers.flatMap((answer) => (answer.kind === 'data' ? answer.runs.flat() : []))
    assert.equal(given.length, count)
  }
})
