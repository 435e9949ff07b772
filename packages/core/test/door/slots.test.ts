/**
 * Requests for one CID that stand side by side: it is wanted while any of them is, by the largest of them, and nothing of it
 * goes before the last has ended or lapsed.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Reply } from '../../src/index.ts'
import { cidText, type Driver, type Mesh, meshOf } from '../kit.ts'

const cid = cidText(1)

interface UnpinHow {
  slot?: string
  everySlot?: boolean
  yes?: boolean
}

function unpin(peer: Driver, how: UnpinHow = {}): Extract<Reply, { of: 'unpin' }>['answers'][number] {
  const reply = peer.ask({ do: 'unpin', cids: [cid], yes: true, ...how })
  assert.ok(reply.of === 'unpin')
  return reply.answers[0]!
}

function report(peer: Driver): Extract<Reply, { of: 'status' }>['report'] {
  const reply = peer.ask({ do: 'status', cid })
  assert.ok(reply.of === 'status', JSON.stringify(reply))
  return reply.report
}

/** Peers with the content at the founder. */
function meshWithContent(peers: number): { mesh: Mesh; founder: Driver } {
  const { mesh } = meshOf(peers)
  const founder = mesh.peers[0] as Driver
  mesh.give(founder, cid)
  mesh.run(10_000)
  return { mesh, founder }
}

const lastsMs = 300_000

test('it stays wanted while one slot wants it, and goes with the last', () => {
  const { mesh, founder } = meshWithContent(2)
  founder.pin(cid, { max: 1, heldHere: true, bytes: 1000 })
  founder.pin(cid, { max: 2, slot: 'web' })
  mesh.until(() => mesh.holders(cid).length === 2)
  assert.deepEqual(report(founder).slots, ['', 'web'])
  assert.equal(report(founder).want, 2)

  assert.deepEqual(unpin(founder), { cid, slots: ['web'] })
  mesh.run(lastsMs)
  assert.equal(mesh.holders(cid).length, 2)

  assert.deepEqual(unpin(founder, { slot: 'web' }), { cid })
  mesh.until(() => mesh.holders(cid).length === 0, lastsMs, 'it is kept though nobody wants it')
})

test('a slot that is not there is told apart from a CID that is not pinned', () => {
  const { founder } = meshWithContent(1)
  const failed = (answer: object): string => JSON.stringify(answer)
  assert.match(failed(unpin(founder)), /MESH_NOT_PINNED.*is not pinned in this mesh/)
  founder.pin(cid, { slot: 'web' })
  assert.match(failed(unpin(founder)), /MESH_NOT_PINNED.*only in slot web/)
  assert.match(failed(unpin(founder, { slot: 'other' })), /MESH_NOT_PINNED.*only in slot web/)
  assert.match(failed(unpin(founder, { slot: 'not one!' })), /MESH_BAD_PIN/)
  founder.pin(cid, { slot: 'backup' })
  assert.deepEqual(unpin(founder, { everySlot: true }), { cid })
  assert.match(failed(unpin(founder)), /is not pinned in this mesh/)
})

test('the slot of another writer is ended only by who says so, and then all or none', () => {
  const { mesh, founder } = meshWithContent(2)
  const other = mesh.peers[1] as Driver
  founder.pin(cid)
  other.pin(cid, { slot: 'theirs' })
  mesh.run(5000)
  assert.match(JSON.stringify(unpin(founder, { everySlot: true, yes: false })), /MESH_OTHERS_PIN/)
  assert.deepEqual(report(founder).slots, ['', 'theirs'])
  assert.deepEqual(unpin(founder, { yes: false }), { cid, slots: ['theirs'] })
})

test('a request that has lapsed asks for nothing, while another stands', () => {
  const { mesh, founder } = meshWithContent(2)
  const seconds = Math.ceil(founder.wall / 1000)
  founder.pin(cid, { max: 1, slot: 'long', heldHere: true, bytes: 1000 })
  founder.pin(cid, { max: 2, slot: 'short', expiry: seconds + 60 })
  mesh.until(() => mesh.holders(cid).length === 2)
  mesh.until(() => report(founder).want === 1, 100_000)
  mesh.until(() => mesh.holders(cid).length === 1, lastsMs, 'the copy that only the lapsed one asked for stays')
  mesh.run(lastsMs)
  assert.equal(mesh.holders(cid).length, 1)
})

test('a pin whose every request has lapsed says so, and its content goes', () => {
  const { mesh, founder } = meshWithContent(1)
  const expiry = Math.ceil(founder.wall / 1000) + 30
  founder.pin(cid, { max: 1, expiry, heldHere: true, bytes: 1000 })
  mesh.run(20_000)
  assert.equal(report(founder).expired, undefined)
  mesh.run(20_000)
  assert.deepEqual([report(founder).expired, report(founder).expiry], [true, expiry])
  mesh.until(() => mesh.holders(cid).length === 0, lastsMs)
})

const step = fc.oneof(
  fc.record({ by: fc.nat(1), slot: fc.constantFrom('', 'a', 'b'), max: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ by: fc.nat(1), slot: fc.constantFrom('', 'a', 'b'), max: fc.constant(0) })
)

test('whatever is asked for and taken back: as many copies as the largest request wants, none only when there is none', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), fc.nat(1), (steps, last) => {
      const { mesh, founder } = meshWithContent(2)
      const wanted = new Map([['', 2]])
      founder.pin(cid, { max: 2, heldHere: true, bytes: 1000 })
      mesh.until(() => mesh.holders(cid).length === 2)
      for (const { by, slot, max } of steps) {
        const peer = mesh.peers[by] as Driver
        const named = slot === '' ? {} : { slot }
        // While nobody wanted it, it may have gone from everywhere: who wants it again adds it again.
        const added = wanted.size === 0 ? { heldHere: true, bytes: 1000 } : {}
        if (max > 0 && wanted.size === 0) mesh.give(peer, cid)
        if (max === 0) unpin(peer, named)
        else peer.pin(cid, { max, ...named, ...added })
        if (max === 0) wanted.delete(slot)
        else wanted.set(slot, max)
        mesh.run(5000)
        const most = Math.max(0, ...wanted.values())
        assert.ok(mesh.holders(cid).length >= most, `${mesh.holders(cid).length} of ${most}`)
      }
      const most = Math.max(0, ...wanted.values())
      mesh.until(() => mesh.holders(cid).length === most, lastsMs, `${mesh.holders(cid).length} of ${most}`)
      unpin(mesh.peers[last] as Driver, { everySlot: true })
      mesh.until(() => mesh.holders(cid).length === 0, lastsMs)
    }),
    { numRuns: 25 }
  )
})

test('of a direct pin one block is held; when the whole is wanted it is fetched, and one block is not taken for it', () => {
  const { mesh, founder } = meshWithContent(2)
  const other = mesh.peers[1] as Driver
  founder.pin(cid, { max: 2, mode: 'direct' })
  mesh.until(() => report(founder).have === 2)
  const acquired = (): string[] => other.effects.flatMap((effect) => (effect.kind === 'acquire' ? [effect.mode] : []))
  assert.deepEqual(acquired(), ['direct'])
  founder.pin(cid, { max: 2, mode: 'recursive', slot: 'whole' })
  mesh.until(() => report(founder).have === 2 && acquired().length === 2)
  assert.deepEqual(acquired(), ['direct', 'recursive'])
  unpin(founder, { slot: 'whole' })
  mesh.run(lastsMs)
  assert.deepEqual(acquired(), ['direct', 'recursive'])
  assert.equal(report(founder).have, 2)
})

test('chosen peers hold it, whoever else would; one that is no member is refused unless it is to come', () => {
  const { mesh, founder } = meshWithContent(4)
  const chosen = mesh.peers.slice(2).map(({ peer }) => peer)
  assert.deepEqual(founder.pin(cid, { max: 1, chosen, heldHere: true, bytes: 1000, anyway: false }), {
    cid,
    want: 2,
    min: 1
  })
  mesh.until(() => mesh.holders(cid).length === 2 && chosen.every((peer) => mesh.holders(cid).includes(peer)), lastsMs)
  const stranger = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
  assert.match(JSON.stringify(founder.pin(cid, { chosen: [stranger], anyway: false })), /MESH_UNKNOWN_PEER/)
  assert.ok(!('failure' in founder.pin(cid, { chosen: [stranger] })))
})

test('wanted everywhere is wanted by as many as are there', () => {
  const { mesh, founder } = meshWithContent(3)
  const answer = founder.pin(cid, { max: 0, heldHere: true, bytes: 1000 })
  assert.deepEqual(answer, { cid, want: 3, min: 1, everywhere: true })
  mesh.until(() => mesh.holders(cid).length === 3)
  mesh.run(5000)
  const { want, have, everywhere } = report(founder)
  assert.deepEqual([want, have, everywhere], [3, 3, true])
})
