/*
 * Every timing of a mesh, in one table: unit, default of each profile, and what the knob trades, with what goes wrong at
 * either end. A profile is a whole configuration; `timings()` builds one and refuses what would break a promise the rest of
 * the core relies on. A mesh's profile is policy, so that its members judge each other by the same clock.
 */
import type { Profile } from '../formats/key-op.ts'

export type { Profile } from '../formats/key-op.ts'

/** All in ms. */
export interface Timings {
  readonly beatMs: number
  readonly suspectMs: number
  readonly downMs: number
  readonly settleMs: number
  readonly steadyMs: number
  readonly recordLifeMs: number
  readonly repairBelowMinMs: number
  readonly repairOneLeftMs: number
  readonly repairMoreMs: number
  readonly repairMoreTrustedMs: number
  readonly stepInMs: number
  readonly acquireGraceMs: number
  readonly leaseMs: number
  readonly renewMs: number
  readonly trashMs: number
  readonly limboMs: number
  readonly brakeWindowMs: number
  readonly brakeMaxMs: number
  readonly syncRoundMs: number
  readonly claimMs: number
}

export interface Knob {
  readonly unit: 'ms'
  /** A few seconds from cause to effect, for tests on one machine. */
  readonly test: number
  /** One building or one rack: losses are rare, links fast. */
  readonly lan: number
  /** The open network: peers sleep, move and reboot. */
  readonly wan: number
  /** wan with beats of five minutes: a thousand simulated peers whose heartbeats cost next to nothing. */
  readonly simulated: number
  /** What it is and what it trades. */
  readonly reason: string
}

/** A setting, or a pair of them, that would break what the mesh promises. Its message names both and the bound. */
export class SettingError extends Error {
  readonly code = 'MESH_BAD_SETTING'
  override readonly name = 'SettingError'
}

const second = 1000
const minute: number = 60 * second
const hour: number = 60 * minute
const day: number = 24 * hour

/** The table behind `timings()` and the reference page. */
export const knobs: { readonly [Name in keyof Timings]: Knob } = {
  beatMs: knob(
    [second, 5 * second, 30 * second, 5 * minute],
    'Time between two heartbeats of a peer. Everything else is counted in beats. Shorter: a death is seen sooner, but each ' +
      'peer verifies members / beat signatures a second for ever. Longer: cheap, and a lost message may go unnoticed as long, ' +
      'because beats also carry the root of the pinset.'
  ),
  suspectMs: knob(
    [3500, 17 * second, 100 * second, 1000 * second],
    'Silence after which a peer gets no new work. Three beats and a little: gossip loses single messages. Shorter than three ' +
      'beats: one lost message makes a healthy peer suspect, so it is refused. Much longer: new pins wait for peers that are gone.'
  ),
  downMs: knob(
    [6 * second, minute, 15 * minute, 150 * minute],
    'Silence after which a peer no longer counts as holding anything. It costs nothing by itself; repair waits on top of it. ' +
      'Too short: reboots and updates look like deaths. Too long: a pin stays short of copies all that time.'
  ),
  settleMs: knob(
    [500, 2 * second, 5 * second, 5 * second],
    'A root that differs from mine must have been still this long before I ask its sender. Shorter: peers ask for what gossip ' +
      'is bringing anyway. Longer: a lost message is healed later.'
  ),
  steadyMs: knob(
    [2 * second, 30 * second, 5 * minute, 15 * minute],
    'Unbroken beats after which a peer that was down counts again. Shorter: a peer that crashes in a loop is given duties each ' +
      'time. Longer: a returned copy is repaired although it is there.'
  ),
  recordLifeMs: knob(
    [hour, 7 * day, 7 * day, 7 * day],
    'How long a member record is valid; a peer renews its own daily. It bounds how long a silent peer keeps its place in the ' +
      'candidate sets. Shorter: a fortnight of holidays moves content. Longer: dead peers dilute the candidates.'
  ),
  repairBelowMinMs: knob(
    [0, 0, 0, 0],
    'Wait after a peer went down when fewer copies than the minimum are left. Nothing: this is what the mesh exists for.'
  ),
  repairOneLeftMs: knob(
    [0, 0, 5 * minute, 5 * minute],
    'Wait when one copy is left and the pin asks for no more than that as its minimum. Minutes let a restart pass; hours would ' +
      'leave content to a single disk.'
  ),
  repairMoreMs: knob(
    [0, 5 * minute, 4 * hour, 4 * hour],
    'Wait when several copies are left and the lost one was a volunteer’s. With three copies and half of all volunteers lost a ' +
      'year, five hours in all mean 6.5e-7 losses per pin and year. Shorter: every night’s sleep of a laptop is copied around.'
  ),
  repairMoreTrustedMs: knob(
    [0, 5 * minute, 15 * minute, 15 * minute],
    'The same where the lost copy was a trusted peer’s. Servers rarely sleep: when one is gone it is more likely gone for good.'
  ),
  stepInMs: knob(
    [second, 10 * second, minute, minute],
    'The j-th peer in line waits j times this, and half of one at most by chance, before it steps in. It must be longer than a ' +
      'claim takes to spread, or one loss causes several repairs. Longer: each peer in line that fails to act costs that much.'
  ),
  acquireGraceMs: knob(
    [10 * second, 5 * minute, hour, hour],
    'How long a new target may take, without visible progress, until others step in for it. Too short: slow links are written ' +
      'off and content is copied twice. Too long: a target that cannot fetch holds up its pins.'
  ),
  leaseMs: knob(
    [20 * second, 10 * minute, 2 * hour, 2 * hour],
    'How long a promise to keep a copy lasts. Nobody frees a copy on the word of a peer longer than that. Shorter: more claims, ' +
      'and an outage sooner stops all releases. Longer: space comes back later.'
  ),
  renewMs: knob(
    [5 * second, 3 * minute, 40 * minute, 40 * minute],
    'Age at which a promise is renewed. At most a third of the lease, so that two renewals may be lost.'
  ),
  trashMs: knob(
    [30 * second, day, 3 * day, 3 * day],
    'How long blocks stay after their pin was removed or released. A mistake can be undone that long without a transfer, ' +
      'unless the space is needed. At least a lease: until then somebody may rely on the copy.'
  ),
  limboMs: knob(
    [10 * minute, 30 * day, 30 * day, 30 * day],
    'How long pins voided by a revocation are kept for the owner to adopt or drop.'
  ),
  brakeWindowMs: knob(
    [10 * second, 10 * minute, 30 * minute, 30 * minute],
    'Losses within this time are judged together: three or more with over a quarter of the weight are an outage or a partition. ' +
      'Shorter: a rolling failure is taken for single deaths. Longer: single deaths of a bad day stop repair.'
  ),
  brakeMaxMs: knob(
    [30 * second, hour, 6 * hour, 6 * hour],
    'Longest time the brake holds repair back. Most outages end sooner; what lasts longer is a loss. Longer: more time with few ' +
      'copies. Shorter: a partition copies everything on both sides.'
  ),
  syncRoundMs: knob(
    [3 * second, minute, 10 * minute, 10 * minute],
    'Time between comparisons with a random member, the net under gossip and beats. Two equal peers exchange a few hundred bytes.'
  ),
  claimMs: knob(
    [second, 2 * second, 5 * second, 5 * second],
    'Least time between two claims of one shard. Changes in between travel together. Shorter: bulk pinning floods the mesh with ' +
      'claims. Longer: a peer that is already fetching is seen later by the next in line.'
  )
}

const overPositive: readonly (keyof Timings)[] = [
  'beatMs',
  'recordLifeMs',
  'acquireGraceMs',
  'renewMs',
  'limboMs',
  'syncRoundMs',
  'claimMs'
]

/** A whole, checked configuration. Throws SettingError. */
export function timings(profile: Profile, overrides: Partial<Timings> = {}): Timings {
  const built = {} as { -readonly [Name in keyof Timings]: number }
  for (const name of Object.keys(knobs) as (keyof Timings)[]) built[name] = overrides[name] ?? knobs[name][profile]
  for (const name of Object.keys(overrides)) {
    if (!(name in knobs)) throw new SettingError(`there is no timing named ${name}`)
  }
  check(built)
  return built
}

function check(built: Timings): void {
  for (const name of Object.keys(knobs) as (keyof Timings)[]) {
    const least = overPositive.includes(name) ? 1 : 0
    if (!Number.isSafeInteger(built[name]) || built[name] < least) {
      throw new SettingError(`${name} must be a whole number of ms, at least ${least}`)
    }
  }
  atLeast('suspectMs', built.suspectMs, 'three beats (beatMs)', 3 * built.beatMs)
  atLeast('downMs', built.downMs, 'suspectMs', built.suspectMs)
  atLeast('leaseMs', built.leaseMs, 'three renewals (renewMs)', 3 * built.renewMs)
  atLeast('trashMs', built.trashMs, 'leaseMs', built.leaseMs)
}

function atLeast(name: string, value: number, bound: string, least: number): void {
  if (value < least) throw new SettingError(`${name} is ${value} ms, but must be at least ${bound}: ${least} ms`)
}

function knob([test, lan, wan, simulated]: readonly [number, number, number, number], reason: string): Knob {
  return { unit: 'ms', test, lan, wan, simulated, reason }
}
