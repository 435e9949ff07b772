// What a process costs, as Linux counts it.

import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

const lookMs = 10_000

export function rssMb(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return (Number(found?.[1]) * 1024) / 1e6
}

/** Per cent of a core, over the next ten seconds. */
export async function processorShare(pid: number): Promise<number> {
  const before = processorSeconds(pid)
  await pause(lookMs)
  return ((processorSeconds(pid) - before) / (lookMs / 1000)) * 100
}

/** User and system time, in seconds (100 ticks a second on Linux). */
export function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')
  return (Number(fields[13]) + Number(fields[14])) / 100
}
