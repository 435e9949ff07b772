/**
 * Content in Kubo daemons: through pinmesh, and beside it what two Kubos do by themselves with the same bytes. Then from Kubo to
 * an embedded peer and back.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { identity } from 'multiformats/hashes/identity'
import { bytesOf, writeBytes } from '../kit/files.ts'
import { Kubo, withoutKubo } from '../kit/kubo.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'
import { Held } from './held.ts'
import { type Baseline, median, perSecond, quantile, report } from './report.ts'

const largeBytes = 256 * 1024 * 1024
const smallPins = 1000
/**
 * How often so many are pinned in turn by plain Kubo and through pinmesh: what else a machine does hits all alike. The first two
 * or three go by before the peer's code is compiled, which is told apart.
 */
const turns = 9
/** As many pins that nobody else holds as a peer has its Kubo fetch at once. */
const atOnce = 40

export async function kubo(): Promise<void> {
  if (withoutKubo !== false) {
    process.stdout.write(`  ${withoutKubo}\n`)
    return
  }
  const { bulk, far } = await plain()
  await oneKubo()
  await between({ name: 'Kubo to Kubo', on: ['kubo', 'kubo'], bulk, far })
  await between({ name: 'Kubo to embedded', on: ['kubo', 'helia'] })
  await between({ name: 'embedded to Kubo', on: ['helia', 'kubo'] })
}

/** What two Kubos do by themselves. */
async function plain(): Promise<{ bulk: Baseline; far: Baseline }> {
  const [one, other] = [await Kubo.start(), await Kubo.start()]
  try {
    await other.call(
      `swarm/connect?${new URLSearchParams((await one.addresses()).map((address): [string, string] => ['arg', address]))}`
    )
    const cid = await one.add(bytesOf('plain', largeBytes), { pin: true })
    const start = performance.now()
    await other.call(`pin/add?arg=${cid}`)
    const bulk = largeBytes / 1e6 / ((performance.now() - start) / 1000)
    const cids = await smallOnes('plain there', one)
    const far = await perSecond(smallPins, atOnce, async (n) => other.call(`pin/add?arg=${cids[n]}`))
    report("Kubo's own pin/add of 256 MiB from another Kubo", bulk, 'MB/s')
    report("Kubo's own pin/add of 1 kB from another Kubo", far, '/s')
    return { bulk: { name: 'plain Kubo', value: bulk }, far: { name: 'plain Kubo', value: far } }
  } finally {
    await one.remove()
    await other.remove()
  }
}

/**
 * Pins of what the Kubo of the one peer has already, and beside it, in turns, what another Kubo does without a peer: as it pins for
 * itself, and by the call that a peer needs. It looks whether somebody's pin stands there, which a second pin would take away, and
 * gives the pin a name, by which it is known later whether somebody has pinned the same since. Kubo syncs five times for a pin with a
 * name, and four times without. The peer has the timings of a mesh that nobody has set any for.
 */
async function oneKubo(): Promise<void> {
  const lab = new Lab('bench-kubo', { profile: 'wan' })
  const [daemon, other] = [await Kubo.start(), await Kubo.start()]
  const pinning = async (seed: string, pin: (cid: string) => Promise<unknown>): Promise<number> => {
    const cids = await smallOnes(seed, other)
    return perSecond(smallPins, atOnce, async (n) => pin(cids[n] as string))
  }
  const rates: Record<'plain' | 'one' | 'through', number[]> = { plain: [], one: [], through: [] }
  try {
    await other.call(`pin/add?arg=${pattern}&name=pinmesh`)
    const a = await lab.found('a', { flags: ['--kubo', daemon.api] })
    const held = new Held(a)
    for (let turn = 0; turn < turns; turn++) {
      rates.plain.push(await pinning(`plain ${turn}`, async (cid) => other.call(`pin/add?arg=${cid}`)))
      rates.one.push(
        await pinning(`one ${turn}`, async (cid) => other.call(`pin/update?arg=${pattern}&arg=${cid}&unpin=false`))
      )
      const cids = await smallOnes(`through ${turn}`, daemon)
      const start = performance.now()
      await a.client.pins.add(cids.map((cid) => ({ cid, replicas: 1, anyway: true })))
      await held.reach((turn + 1) * smallPins)
      rates.through.push(smallPins / ((performance.now() - start) / 1000))
    }
  } finally {
    await lab.close()
    await Promise.all([daemon.remove(), other.remove()])
  }
  const plain = { name: 'plain pin/add', value: median(rates.plain) }
  const one = { name: 'the same call', value: median(rates.one) }
  report(`Kubo's own pin/add of ${smallPins} × 1 kB that it has`, plain.value, '/s')
  report('pinned after a pattern with its name, by a bare client', one.value, '/s', plain)
  report('through pinmesh', median(rates.through), '/s', plain)
  report('through pinmesh', median(rates.through), '/s', one)
  report('through a peer that has just started', rates.through[0] as number, '/s', one)
  const ratios = rates.through.map((rate, turn) => rate / (rates.plain[turn] as number)).toSorted((a, b) => a - b)
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(ratios, share).toFixed(2))
  process.stdout.write(`  through pinmesh, turn by turn: ${middle} × plain pin/add (quartiles ${low} and ${high})\n`)
}

/** The inline CID of five bytes. */
const pattern = CID.createV1(0x55, identity.digest(new TextEncoder().encode('bench'))).toString()

interface Between {
  readonly name: string
  readonly on: readonly ('kubo' | 'helia')[]
  readonly bulk?: Baseline
  readonly far?: Baseline
}

async function between({ name, on, bulk, far }: Between): Promise<void> {
  const lab = new Lab('bench-kubo')
  const daemons = new Map<number, Kubo>()
  try {
    for (const [n, kind] of on.entries()) if (kind === 'kubo') daemons.set(n, await Kubo.start())
    const flags = (n: number): { flags: string[] } => ({
      flags: daemons.has(n) ? ['--kubo', (daemons.get(n) as Kubo).api] : []
    })
    const a = await lab.found('a', flags(0))
    const b = await lab.join('b', a, flags(1))
    await lab.meet([a, b])
    await bulkRate(`${name}: 256 MiB, added → held by the other`, [a, b], lab, bulk)
    await smallRate(`${name}: pins of 1 kB, asked for → all held by the other`, [a, b], lab, far)
  } finally {
    await lab.close()
    for (const daemon of daemons.values()) await daemon.remove()
  }
}

async function bulkRate(what: string, [a, b]: [PeerProcess, PeerProcess], lab: Lab, against?: Baseline): Promise<void> {
  const [large] = await a.run(['add', writeBytes(join(lab.folder, 'large'), 'large', largeBytes), '-r', '2'])
  const start = performance.now()
  await until('the large file is held twice', 300_000, async () => (await b.status(String(large?.cid))).have === 2)
  report(what, largeBytes / 1e6 / ((performance.now() - start) / 1000), 'MB/s', against)
}

async function smallRate(
  what: string,
  [a, b]: [PeerProcess, PeerProcess],
  lab: Lab,
  against?: Baseline
): Promise<void> {
  const folder = join(lab.folder, 'small')
  await mkdir(folder)
  const files = Array.from({ length: smallPins }, (_none, n) => writeBytes(join(folder, `${n}`), `small ${n}`, 1000))
  const added = await a.run(['add', ...files, '-r', '1'], { deadlineMs: 300_000 })
  const held = new Held(b)
  const before = held.count
  const start = performance.now()
  await a.client.pins.add(added.map(({ cid }) => ({ cid: String(cid), replicas: 2 })))
  // Some of them may have been its own duty before.
  await held.reach(smallPins + 1)
  report(what, (smallPins + 1 - before) / ((performance.now() - start) / 1000), '/s', against)
}

async function smallOnes(seed: string, on: Kubo): Promise<string[]> {
  const cids: string[] = []
  await perSecond(smallPins, atOnce, async (n) => void (cids[n] = await on.add(bytesOf(`${seed} ${n}`, 1000))))
  return cids
}
