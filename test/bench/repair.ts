/**
 * Seconds from SIGKILL of a holder until the copies are whole again, split into noticing the loss and copying.
 * The baseline is the profile: a peer is down after 6 s of silence.
 */
import { join } from 'node:path'
import { timings } from '@pinmesh/core'
import { writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import { until } from '../kit/until.ts'
import { report } from './report.ts'

const pins = 200

export async function repair(): Promise<void> {
  const lab = new Lab('bench-repair')
  try {
    const peers = await lab.mesh(['a', 'b', 'c', 'd'])
    const [a, b] = peers as [(typeof peers)[0], (typeof peers)[0]]
    const files = Array.from({ length: pins }, (_none, n) =>
      writeBytes(join(lab.folder, `${n}`), `repair ${n}`, 20_000)
    )
    await a.run(['add', ...files, '-r', '3', '--wait', '--timeout', '60s'])
    const start = performance.now()
    b.signal('SIGKILL')
    await until('the loss is noticed', 60_000, async () => (await a.knows(b.peer))?.state === 'down')
    const noticed = performance.now()
    await until('three copies again', 120_000, async () => {
      for await (const { have } of a.client.pins.statuses()) if (have < 3) return false
      return true
    })
    const whole = performance.now()
    const downAfter = { name: 'the time to down of the profile', value: timings('test').downMs / 1000 }
    report(`a holder of ${pins} pins killed → noticed`, (noticed - start) / 1000, 's', downAfter)
    report('noticed → three copies of each again', (whole - noticed) / 1000, 's')
    report('in all', (whole - start) / 1000, 's')
  } finally {
    await lab.close()
  }
}
