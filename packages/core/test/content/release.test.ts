/*
 * The release rule, clause by clause: each member that is missing a clause is no witness, and one too few keeps the copy.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Claims } from '../../src/content/claims.ts'
import { countWitnesses, mayRelease, type ReleaseQuestion } from '../../src/content/release.ts'
import { canonicalCid } from '../../src/formats/key.ts'
import { Outbox } from '../../src/loop/outbox.ts'
import type { Members } from '../../src/members/members.ts'
import { timings } from '../../src/members/profiles.ts'
import { cidText } from '../kit.ts'
import { member } from '../placement/kit.ts'

interface Witness {
  trusted?: boolean
  state?: 'alive' | 'suspect' | 'down' | 'unheard'
  until?: number
  incarnation?: number
  heard?: number
  backend?: string
  zone?: string
  addresses?: string[]
  leaving?: boolean
  /** claims it, promised or not */
  held?: boolean
}

const wall = 1_000_000
const self = 'peer-0'

/** The question of peer 0, whose own record may differ, with these others around. */
function question(
  others: readonly Witness[],
  more: {
    max?: number
    coveredUntil?: number
    isolated?: boolean
    braking?: boolean
    clockRight?: boolean
    own?: Witness
  } = {}
): ReleaseQuestion {
  const all = [more.own ?? {}, ...others]
  const candidates = all.map(({ trusted = true, backend, zone = '', addresses = [] }, n) =>
    member(n, { trusted, zone, addresses, ...(backend === undefined ? {} : { backend }) })
  )
  const of = (peer: string): Witness => all[Number(peer.slice(5))] as Witness
  const members = {
    candidates,
    candidate: (peer: string) => candidates.find((one) => one.peer === peer),
    isolated: more.isolated ?? false,
    braking: more.braking ?? false,
    clock: { isRight: more.clockRight ?? true },
    leaving: (peer: string) => of(peer).leaving ?? false,
    usable: (peer: string) => of(peer).leaving !== true && (of(peer).state ?? 'alive') !== 'down',
    takesNew: () => true,
    stateOf: (peer: string) => (peer === self ? 'alive' : (of(peer).state ?? 'alive')),
    liveness: { incarnationOf: (peer: string) => of(peer).heard ?? 3 }
  } as unknown as Members
  const claims = {
    promisedUntil: (peer: string) => ({ until: of(peer).until ?? wall + 1, incarnation: of(peer).incarnation ?? 3 }),
    stateOf: (peer: string) => (of(peer).held === false ? 'none' : 'promised')
  } as unknown as Claims
  const outbox = new Outbox()
  outbox.open({ mono: 50_000, wall })
  const want = { max: more.max ?? 2, min: 1, trustedMin: 1, chosen: [] }
  const fixed = { key: new Uint8Array(32), lamport: 1, mode: 'recursive', priority: 0 } as const
  const row = { ...fixed, mapKeys: [], slots: [], cid: canonicalCid(cidText(1)), want }
  const base = { self, outbox, members, claims, timings: timings('test'), bucket: 0, at: 0, row }
  return { ...base, coveredUntil: more.coveredUntil ?? 0 }
}

const releases = (...args: Parameters<typeof question>): boolean => mayRelease(question(...args)).release

test('with as many witnesses as the pin wants the copy may go, with one fewer it stays', () => {
  for (let max = 1; max < 6; max++) {
    assert.ok(releases(Array<Witness>(max).fill({}), { max }))
    assert.ok(!releases(Array<Witness>(max - 1).fill({}), { max }))
  }
})

const lacks: [string, Witness][] = [
  ['who is not trusted', { trusted: false }],
  ['who is leaving', { leaving: true }],
  ['who is suspect', { state: 'suspect' }],
  ['who is down', { state: 'down' }],
  ['who was not heard yet', { state: 'unheard' }],
  ['whose promise has expired', { until: wall - 1 }],
  ['whose promise ends this very instant', { until: wall }],
  ['who promised nothing', { until: 0, incarnation: 0 }],
  ['who promised in an earlier life', { incarnation: 2 }],
  ['whose promise is of a life that was not heard yet', { incarnation: 4 }]
]
for (const [who, lacking] of lacks) {
  test(`${who} is no witness`, () => {
    assert.ok(!releases([{}, lacking]))
    assert.equal(countWitnesses(question([{}, lacking])), 1)
    assert.ok(releases([{}, lacking, {}]))
  })
}

test('members of one back end, one zone or one address block are one witness', () => {
  for (const place of [{ backend: 'kubo' }, { zone: 'rack' }, { addresses: ['/ip4/203.0.114.9/tcp/1'] }]) {
    assert.equal(countWitnesses(question([place, place, place])), 1)
    assert.equal(countWitnesses(question([place, place, {}])), 2)
  }
})

test('private addresses make no common place', () => {
  const near = { addresses: ['/ip4/192.168.1.9/tcp/1'] }
  assert.equal(countWitnesses(question([near, near])), 2)
})

test('this peer is no witness of its own copy', () => {
  assert.equal(countWitnesses(question([])), 0)
})

test('who is cut off or brakes lets nothing go', () => {
  assert.ok(!releases([{}, {}, {}], { isolated: true }))
  assert.ok(!releases([{}, {}, {}], { braking: true }))
})

test('a promise of my own binds me to its last instant, and is looked at again right after', () => {
  assert.ok(!releases([{}, {}], { coveredUntil: wall }))
  assert.ok(releases([{}, {}], { coveredUntil: wall - 1 }))
  const { reviewAt } = mayRelease(question([{}, {}], { coveredUntil: wall + 500 }))
  assert.equal(reviewAt, 50_501)
})

test('what is wanted everywhere is let go by nobody, but by one that leaves once all others have promised', () => {
  assert.ok(!releases(Array<Witness>(20).fill({}), { max: 0 }))
  const own = { leaving: true }
  assert.ok(releases(Array<Witness>(20).fill({}), { max: 0, own }))
  assert.ok(!releases([{}, {}, { until: 0 }], { max: 0, own }))
  assert.ok(releases([{}, {}, { until: 0, leaving: true }], { max: 0, own }))
  assert.ok(!releases([], { max: 0, own }))
})

test('who shares its blocks with another that claims them lets nothing go', () => {
  const shared = { backend: 'kubo' }
  assert.ok(!releases([shared, {}, {}, {}], { own: shared }))
  assert.ok(releases([{ ...shared, held: false, until: 0 }, {}, {}], { own: shared }))
  assert.ok(!releases([{ ...shared, trusted: false }, {}, {}, {}], { own: shared }))
})

test('what may change by time alone is looked at again', () => {
  for (const more of [{}, { isolated: true }, { braking: true }]) {
    const { reviewAt } = mayRelease(question([], more))
    assert.equal(reviewAt, 50_000 + timings('test').renewMs)
  }
})
