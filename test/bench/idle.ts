/**
 * What a peer costs that has nothing to do: memory and processor, held against a bare Node process.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Lab } from '../kit/lab.ts'
import { report } from './report.ts'

const lookMs = 10_000

export async function idle(): Promise<void> {
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const lab = new Lab('bench-idle')
  try {
    const [, b] = await lab.mesh(['a', 'b', 'c'])
    const peer = b as NonNullable<typeof b>
    const before = processorSeconds(peer.pid)
    await pause(lookMs)
    const share = ((processorSeconds(peer.pid) - before) / (lookMs / 1000)) * 100
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

function rssMb(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return (Number(found?.[1]) * 1024) / 1e6
}

/** User and system time, in seconds (100 ticks a second on Linux). */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')
  return (Number(fields[13]) + Number(fields[14])) / 100
}
