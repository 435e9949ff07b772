/**
 * How long a command takes to start: `mesh --help`, and `mesh ls` of a few pins at a running peer, against a bare Node that
 * does nothing. Taken in turns, so that whatever else the machine does hits all alike; the median counts.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { inlineCid } from '../kit/cids.ts'
import { Lab } from '../kit/lab.ts'
import { median, report } from './report.ts'

const rounds = 30
const mesh = fileURLToPath(new URL('../../packages/cli/bin/mesh.cjs', import.meta.url))

export async function start(): Promise<void> {
  const lab = new Lab('bench-start')
  try {
    const { client, home } = await lab.found('a')
    await client.pins.add(['a', 'b', 'c'].map((word) => ({ cid: inlineCid(word), replicas: 1 })))
    const commands = {
      'bare Node': ['-e', '0'],
      'mesh --help': [mesh, '--help'],
      'mesh version': [mesh, 'version'],
      'mesh ls': [mesh, 'ls', '--home', home]
    }
    const taken = new Map(Object.keys(commands).map((name) => [name, [] as number[]]))
    for (let round = 0; round < rounds; round++) {
      for (const [name, args] of Object.entries(commands)) taken.get(name)!.push(timeOf(args))
    }
    const medianOf = (name: string): number => median(taken.get(name)!)
    const bare = { name: 'bare Node', value: medianOf('bare Node') }
    for (const name of ['mesh --help', 'mesh version', 'mesh ls'])
      report(`start of ${name}`, medianOf(name), 'ms', bare)
  } finally {
    await lab.close()
  }
}

function timeOf(args: readonly string[]): number {
  const begin = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: '' } })
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${String(stderr)}`)
  return performance.now() - begin
}
