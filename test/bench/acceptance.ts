/**
 * Pins accepted durably over HTTP at 64 connections, how soon another peer sees them, and how soon all see 20,000 of them.
 * Three peers; two followers with next to no space, so that the founder alone is asked to hold. Once with pins whose content
 * stands in the CID (nothing to fetch), once with pins that nobody has (each is tried, fails and is tried again).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ApiClient } from '@pinmesh/api/client'
import { createLevelStore } from '@pinmesh/store'
import { absentCid, inlineCid } from '../kit/cids.ts'
import { Lab } from '../kit/lab.ts'
import { until } from '../kit/until.ts'
import { perSecond, quantile, report } from './report.ts'

const connections = 64
const pinsAccepted = 5000
const pinsSeen = 20_000
const latencies = 200

export async function acceptance(): Promise<void> {
  const map = await mapRate()
  const level = await levelRate()
  report('an in-process Map, sets', map, '/s')
  report('a bare LevelDB, durable puts, 64 at once', level, '/s')
  for (const [kind, cidOf] of [
    ['held at once', inlineCid],
    ['nobody has it', absentCid]
  ] as const) {
    const lab = new Lab('bench-acceptance')
    try {
      const a = await lab.found('a')
      const few = { flags: ['--space', '1MB'] }
      const peers = [a, await lab.join('b', a, few), await lab.join('c', a, few)]
      await lab.meet(peers)
      const rate = await perSecond(pinsAccepted, connections, async (n) => pin(a.client, cidOf(`accepted ${n}`)))
      report(`pins accepted durably over HTTP, ${kind}`, rate, '/s', { name: 'LevelDB', value: level })
      await lab.agree(peers, pinsAccepted)
      const sorted = await seenAfter(a.client, peers[1]!.client, (n) => cidOf(`seen ${n}`))
      report(`accepted on A → visible on B, median, ${kind}`, quantile(sorted, 0.5), 'ms')
      report(`accepted on A → visible on B, 99th, ${kind}`, quantile(sorted, 0.99), 'ms')
      const known = pinsAccepted + latencies
      await perSecond(pinsSeen - known, connections, async (n) => pin(a.client, cidOf(`one by one ${n}`)))
      const last = performance.now()
      await lab.agree(peers, pinsSeen, 120_000)
      report(`last of 20,000 acknowledged → all three agree, ${kind}`, (performance.now() - last) / 1000, 's')
    } finally {
      await lab.close()
    }
  }
}

async function pin(client: ApiClient, cid: string): Promise<void> {
  const [answer] = await client.pins.add([{ cid, replicas: 1, anyway: true }])
  if (answer === undefined || 'error' in answer) throw answer?.error ?? new Error('no answer')
}

/** ms from the acknowledgement on one peer until another knows the pin, sorted. */
async function seenAfter(on: ApiClient, at: ApiClient, cidOf: (n: number) => string): Promise<number[]> {
  const found: number[] = []
  for (let n = 0; n < latencies; n++) {
    const cid = cidOf(n)
    await pin(on, cid)
    const start = performance.now()
    await until('the pin is seen', 60_000, async () => {
      for (let tries = 0; tries < 200; tries++) {
        const known = await at.pins.status(cid).catch(() => undefined)
        if (known !== undefined) return true
      }
      return false
    })
    found.push(performance.now() - start)
  }
  return found.sort((a, b) => a - b)
}

async function mapRate(): Promise<number> {
  const map = new Map<string, number>()
  return perSecond(100_000, 1, async (n) => void map.set(`key ${n}`, n))
}

async function levelRate(): Promise<number> {
  const path = await mkdtemp(join(tmpdir(), 'pinmesh-bench-'))
  const store = await createLevelStore({ path })
  try {
    const value = new Uint8Array(300)
    return await perSecond(pinsAccepted, connections, async (n) =>
      store.write([{ table: 'pin', key: new Uint8Array([n >> 16, n >> 8, n]), value }], { sync: true })
    )
  } finally {
    await store.close()
    await rm(path, { recursive: true, force: true })
  }
}
