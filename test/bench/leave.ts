/**
 * How long a peer takes to leave that holds its share of 2,000 pins, from the command to its end. It has to wait out its own promises, so
 * the lease of the profile is the baseline.
 */
import { join } from 'node:path'
import { timings } from '@pinmesh/core'
import { writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import { report } from './report.ts'

const pins = 2000

export async function leave(): Promise<void> {
  const lab = new Lab('bench-leave')
  try {
    const peers = await lab.mesh(['a', 'b', 'c', 'd', 'e'])
    const [a] = peers as [(typeof peers)[0]]
    for (const { peer } of peers.slice(1)) await a.run(['peers', 'vouch', peer])
    const files = Array.from({ length: pins }, (_none, n) => writeBytes(join(lab.folder, `${n}`), `leave ${n}`, 2000))
    await a.run(['add', ...files, '-r', '3', '--wait', '--timeout', '5m'], { deadlineMs: 300_000 })
    const leaver = peers[4] as (typeof peers)[0]
    const { holding } = await leaver.client.info()
    const start = performance.now()
    await leaver.run(['leave'], { deadlineMs: 300_000 })
    await leaver.exited
    const lease = { name: 'the lease of the profile', value: timings('test').leaseMs / 1000 }
    report(`a peer with ${holding} of ${pins} pins leaves`, (performance.now() - start) / 1000, 's', lease)
    for await (const { have, cid } of a.client.pins.statuses())
      if (have < 3) throw new Error(`${cid} has ${have} copies`)
  } finally {
    await lab.close()
  }
}
