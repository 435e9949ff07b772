/**
 * What a peer costs that has nothing to do: memory and processor, held against a bare Node process.
 */
import { spawn } from 'node:child_process'
import { Lab } from '../kit/lab.ts'
import { processorShare, rssMb } from './cost.ts'
import { report } from './report.ts'

export async function idle(): Promise<void> {
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const lab = new Lab('bench-idle')
  try {
    const [, b] = await lab.mesh(['a', 'b', 'c'])
    const peer = b as NonNullable<typeof b>
    const share = await processorShare(peer.pid)
    report('memory of an idle peer (RSS)', rssMb(peer.pid), 'MB', {
      name: 'bare Node',
      value: rssMb(bare.pid as number)
    })
    report('processor of an idle peer, beats every second', share, '% of a core')
  } finally {
    bare.kill()
    await lab.close()
  }
}
