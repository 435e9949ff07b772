/**
 * 20,000 pins, added one by one: what a peer costs that has them, and how soon a newcomer has them all.
 */
import { inlineCid } from '../kit/cids.ts'
import { Lab } from '../kit/lab.ts'
import { until } from '../kit/until.ts'
import { processorSeconds, processorShare, rssMb } from './cost.ts'
import { perSecond, report } from './report.ts'

const pins = 20_000
const heldMs = 120_000

export async function many(): Promise<void> {
  const lab = new Lab('bench-many')
  try {
    const a = await lab.found('a')
    const few = { flags: ['--space', '1MB'] }
    const begun = performance.now()
    const b = await lab.join('b', a, few)
    await lab.agree([a, b], 0)
    const empty = { name: 'joining with no pins', value: (performance.now() - begun) / 1000 }
    const before = { name: 'before', value: rssMb(b.pid) }
    await perSecond(pins, 64, async (n) => {
      const [answer] = await a.client.pins.add([{ cid: inlineCid(`many ${n}`), replicas: 1, anyway: true }])
      if (answer === undefined || 'error' in answer) throw answer?.error ?? new Error('no answer')
    })
    await lab.agree([a, b], pins)
    await until('all is held', heldMs, async () => {
      const infos = await Promise.all([a, b].map(async ({ client }) => client.info()))
      return infos.reduce((sum, { holding }) => sum + holding, 0) >= pins
    })
    report('processor of a peer at 20,000 pins, at rest', await processorShare(b.pid), '% of a core')
    report('memory of a peer at 20,000 pins (RSS)', rssMb(b.pid), 'MB', before)
    const start = performance.now()
    const c = await lab.join('c', a, few)
    await lab.agree([a, c], pins)
    report('a new peer started → it has all 20,000 pins', (performance.now() - start) / 1000, 's', empty)
    report('of that, processor time of the new peer', processorSeconds(c.pid), 's')
    const again = performance.now()
    await b.stop()
    const back = await lab.start('b', few)
    await lab.agree([a, back], pins)
    report('a peer with 20,000 pins stopped and started again', (performance.now() - again) / 1000, 's', empty)
  } finally {
    await lab.close()
  }
}
