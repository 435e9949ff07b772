/**
 * Stories that went wrong in other systems, or could go wrong in this one, told once each. Safety is judged at every release
 * while they run (see packages/sim/src/judge.ts); what is asserted here is how they end.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SimPeer } from '@pinmesh/sim'
import { Mesh } from './mesh.ts'

const second = 1000

test('a pin is spread to its copies and no further', () => {
  const mesh = new Mesh()
  for (const cid of mesh.pinned(12, 3)) assert.equal(mesh.holders(cid).length, 3)
})

test('an acknowledged pin survives kill -9 of the peer that acknowledged it', () => {
  const mesh = new Mesh({ writers: 2 })
  const [cid = ''] = mesh.fresh(1)
  const writer = mesh.peer(1)
  mesh.client.pin(writer, cid, { copies: 2 })
  assert.ok(mesh.world.runUntil(() => mesh.client.owed(cid) === true, second, 1))
  writer.crash()
  mesh.world.run(10 * second)
  writer.start()
  mesh.settle()
  assert.ok(mesh.judge.pinsOf(mesh.peer(0)).has(cid))
})

test('a peer joins while claims are stale: copies move, none is missed', () => {
  const mesh = new Mesh()
  const cids = mesh.pinned(20, 2)
  const { world } = mesh
  world.network.weather = { delayMinMs: 1, delayMaxMs: 3000, lossPercent: 70, doublePercent: 0 }
  for (let n = 0; n < 2; n++) {
    const newcomer = world.addPeer()
    newcomer.start()
    world.vouch(newcomer)
    world.run(7 * second)
  }
  world.network.weather = { delayMinMs: 1, delayMaxMs: 30, lossPercent: 0, doublePercent: 0 }
  mesh.settle()
  for (const cid of cids) assert.equal(mesh.holders(cid).length, 2)
})

test('two peers have seen an unpin and not the pin that followed: the content is there in the end', () => {
  const mesh = new Mesh({ writers: 2 })
  const { world, client } = mesh
  const cids = mesh.pinned(8, 2)
  for (const cid of cids) client.unpin(mesh.peer(0), cid)
  world.run(2 * second)
  world.partition([mesh.peer(3), mesh.peer(4)], [mesh.peer(0), mesh.peer(1), mesh.peer(2)])
  for (const cid of cids) client.pin(mesh.peer(1), cid, { copies: 3 })
  world.run(90 * second)
  world.network.heal()
  mesh.settle()
  for (const cid of cids) assert.equal(mesh.holders(cid).length, 3)
})

test('a writer whose disk was restored from a backup loses nothing: the forked logs go on in a new generation', () => {
  const mesh = new Mesh({ writers: 2 })
  const { world, client } = mesh
  const writer = mesh.peer(1)
  const before = mesh.pinned(6, 2, writer)
  const backup = writer.disk.backup()
  const between = mesh.pinned(10, 2, writer)
  writer.crash()
  writer.disk.restore(backup)
  world.partition([writer], world.peers)
  writer.start()
  world.run(8 * second)
  const after = mesh.fresh(10)
  for (const cid of after) client.pin(writer, cid, { copies: 2 })
  world.run(8 * second)
  world.network.heal()
  mesh.settle()
  assert.ok(mesh.noted('fork') > 0, 'the branches met in one log')
  for (const cid of [...before, ...between, ...after]) assert.ok(mesh.judge.pinsOf(mesh.peer(0)).has(cid), cid)
})

test('a target that cannot fetch is stood in for, and takes its duty when it can', () => {
  const mesh = new Mesh()
  const { world, client } = mesh
  const deaf = mesh.peer(2)
  deaf.backEnd.deaf = true
  const cids = mesh.fresh(15)
  for (const cid of cids) client.pin(mesh.peer(0), cid, { copies: 3 })
  mesh.whole(cids, 3, 60 * second)
  assert.ok(cids.some((cid) => !deaf.backEnd.set.has(cid)))
  deaf.backEnd.deaf = false
  mesh.settle(400 * second)
  assert.ok(cids.some((cid) => deaf.backEnd.set.has(cid)))
  world.run(second)
})

test('2 of 6 stop: repaired like any loss, nothing let go', () => {
  const mesh = new Mesh({ peers: 6 })
  const cids = mesh.pinned(20, 3)
  // Extra copies of those who added them go first, by the rule.
  mesh.settle()
  const { releases } = mesh.judge
  const since = mesh.world.now
  for (const index of [4, 5]) mesh.peer(index).crash()
  mesh.whole(cids, 3, 30 * second)
  assert.equal(mesh.noted('braking', since), 0)
  assert.equal(mesh.judge.releases, releases)
})

test('3 of 9 stop: braked, then whole, nothing let go', () => {
  const mesh = new Mesh({ peers: 9 })
  const cids = mesh.pinned(30, 3)
  // Extra copies of those who added them go first, by the rule.
  mesh.settle()
  const { releases } = mesh.judge
  const since = mesh.world.now
  const stopped = [6, 7, 8].map((index) => mesh.peer(index))
  const left = cids.filter((cid) => mesh.holders(cid).some((peer) => !stopped.includes(peer)))
  for (const peer of stopped) peer.crash()
  mesh.whole(left, 3, mesh.world.timings.brakeMaxMs + 60 * second)
  assert.ok(mesh.noted('braking', since) > 0)
  assert.equal(mesh.judge.releases, releases)
})

test('4 of 6 stop: the rest is isolated, then braked, then whole as far as it goes, nothing let go', () => {
  const mesh = new Mesh({ peers: 6 })
  const cids = mesh.pinned(20, 3)
  // Extra copies of those who added them go first, by the rule.
  mesh.settle()
  const { releases } = mesh.judge
  const since = mesh.world.now
  const stopped = [2, 3, 4, 5].map((index) => mesh.peer(index))
  const left = cids.filter((cid) => mesh.holders(cid).some((peer) => !stopped.includes(peer)))
  for (const peer of stopped) peer.crash()
  mesh.whole(left, 2, mesh.world.timings.brakeMaxMs + 60 * second)
  assert.ok(mesh.noted('isolated', since) > 0)
  assert.ok(mesh.noted('braking', since) > 0)
  assert.equal(mesh.judge.releases, releases)
})

test('a peer that returns has its duties back, and the extra copies go by the rule', () => {
  const mesh = new Mesh()
  const cids = mesh.pinned(20, 2)
  const away = mesh.peer(3)
  const held = cids.filter((cid) => away.backEnd.set.has(cid))
  away.crash()
  mesh.whole(cids, 2, 30 * second)
  away.start()
  mesh.settle()
  for (const cid of held) assert.ok(away.backEnd.set.has(cid), 'it holds again what it held')
})

test('a loss for good is repaired with one transfer a copy', () => {
  const mesh = new Mesh()
  const { world } = mesh
  mesh.pinned(30, 3)
  const fetched = (): number => world.peers.reduce((sum, peer) => sum + peer.backEnd.fetched, 0)
  const before = fetched()
  const lost = [...mesh.peer(4).backEnd.set.cids()].length
  mesh.peer(4).lose()
  world.run(10 * second)
  mesh.settle()
  assert.ok(fetched() - before <= 1.2 * lost + 1, `${fetched() - before} transfers for ${lost} copies`)
})

test('a peer whose trash leaves no room takes a new pin: the oldest trash makes way, and what is wanted stays', () => {
  const mb = 1_000_000
  const mesh = new Mesh({ peers: 3, spaceBytes: 100 * mb, timings: { trashMs: 3600 * second } })
  const { client, world } = mesh
  const [writer, , full] = world.peers as [SimPeer, SimPeer, SimPeer]
  const store = (cid: string, bytes: number): void => {
    client.pin(writer, cid, { copies: 3, bytes })
    mesh.whole([cid], 3, 60 * second)
  }
  const [kept = '', older = '', newer = '', wanted = ''] = mesh.fresh(4)
  store(kept, 40 * mb)
  store(older, 20 * mb)
  store(newer, 20 * mb)
  for (const cid of [older, newer]) {
    client.unpin(writer, cid)
    world.run(5 * second)
  }
  world.run(world.timings.leaseMs)
  assert.deepEqual(
    [older, newer].map((cid) => full.backEnd.set.has(cid)),
    [true, true],
    'its time is not over'
  )
  store(wanted, 30 * mb)
  assert.deepEqual(
    [older, newer].map((cid) => full.backEnd.set.has(cid)),
    [false, true],
    'the oldest, and no more'
  )
  assert.equal(mesh.holders(kept).length, 3)
})

test('what nobody has delays nothing else', () => {
  const mesh = new Mesh()
  const { client } = mesh
  const missing = mesh.fresh(30)
  for (const cid of missing) client.pin(mesh.peer(0), cid, { copies: 3, from: 'nowhere' })
  mesh.world.run(20 * second)
  const good = mesh.fresh(10)
  for (const cid of good) client.pin(mesh.peer(0), cid, { copies: 3, from: 'outside' })
  mesh.whole(good, 3, 20 * second)
})

test('a process that stood still hears the others before it judges them', () => {
  const mesh = new Mesh()
  const cids = mesh.pinned(20, 2)
  const { acquires, releases } = mesh.judge
  mesh.peer(2).stop()
  mesh.world.run(4 * second)
  mesh.peer(2).goOn()
  mesh.world.run(20 * second)
  assert.equal(mesh.judge.acquires, acquires)
  assert.equal(mesh.judge.releases, releases)
  for (const cid of cids) assert.equal(mesh.holders(cid).length, 2)
})

test('a peer leaves: its duties are handed on, then its copies go by the rule, and it is no member any more', () => {
  const mesh = new Mesh()
  const cids = mesh.pinned(30, 3)
  const leaver = mesh.peer(4)
  assert.ok(cids.some((cid) => leaver.backEnd.set.has(cid)))
  assert.equal(mesh.ask(leaver, { do: 'leave' }).of, 'done')
  const begun = mesh.report(leaver)
  assert.ok(begun.held > 0 && begun.stuck === 0)
  // Half-way through it is killed and comes back: it goes on.
  mesh.world.run(2 * second)
  leaver.crash()
  mesh.world.run(second)
  leaver.start()
  const gone = mesh.world.runUntil(() => mesh.report(leaver).ready && mesh.report(leaver).held === 0, 120 * second)
  assert.ok(gone, JSON.stringify(mesh.report(leaver)))
  assert.equal(mesh.ask(leaver, { do: 'left' }).of, 'done')
  mesh.world.run(5 * second)
  for (const peer of mesh.world.peers.slice(0, 4)) assert.equal(peer.core?.members().length, 4)
  leaver.crash()
  for (const cid of cids) assert.equal(mesh.holders(cid).length, 3)
  mesh.world.run(30 * second)
  assert.equal(mesh.noted('braking'), 0)
})

test('a peer may not leave in order where nobody can take over: its pins are named, and it can stay after all', () => {
  const mesh = new Mesh({ peers: 3 })
  const cids = mesh.pinned(10, 3)
  const leaver = mesh.peer(2)
  mesh.ask(leaver, { do: 'leave' })
  mesh.world.run(120 * second)
  const { ready, held, stuck, pins } = mesh.report(leaver)
  assert.deepEqual([ready, held, stuck], [true, 10, 10])
  assert.deepEqual(pins.map(({ cid }) => cid).sort(), [...cids].sort())
  assert.ok(pins.every(({ want, copies }) => want === 3 && copies === 2))
  for (const cid of cids) assert.equal(mesh.holders(cid).length, 3)
  mesh.ask(leaver, { do: 'stay' })
  mesh.settle()
  for (const cid of cids) assert.equal(mesh.holders(cid).length, 3)
})

test('two peers leave at once, what is wanted everywhere stays on all others', () => {
  const mesh = new Mesh({ peers: 6 })
  const [everywhere = ''] = mesh.pinned(1, 0)
  const cids = mesh.pinned(20, 2)
  const leavers = [mesh.peer(4), mesh.peer(5)]
  for (const leaver of leavers) mesh.ask(leaver, { do: 'leave' })
  const done = (): boolean => leavers.every((leaver) => mesh.report(leaver).held === 0)
  assert.ok(mesh.world.runUntil(done, 120 * second))
  for (const leaver of leavers) mesh.ask(leaver, { do: 'left' })
  mesh.world.run(5 * second)
  for (const leaver of leavers) leaver.crash()
  for (const cid of cids) assert.ok(mesh.holders(cid).length >= 2)
  assert.equal(mesh.holders(everywhere).length, 4)
})
