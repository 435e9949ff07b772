/**
 * Content from one Helia peer to another, both on disk: one large file, and many small pins. Held against a raw libp2p
 * stream that carries the same bytes and keeps nothing.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createLibp2pTransport } from '@pinmesh/transport'
import { writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import { until } from '../kit/until.ts'
import { Held } from './held.ts'
import { perSecond, report } from './report.ts'

const largeBytes = 256 * 1024 * 1024
const smallPins = 2000

export async function transfer(): Promise<void> {
  const stream = await streamRate()
  report('a raw libp2p stream, asked in 1 MiB messages', stream, 'MB/s')
  const lab = new Lab('bench-transfer')
  try {
    const [a, b] = (await lab.mesh(['a', 'b'])) as [Awaited<ReturnType<Lab['found']>>, Awaited<ReturnType<Lab['join']>>]
    const [large] = await a.run(['add', writeBytes(join(lab.folder, 'large'), 'large', largeBytes), '-r', '2'])
    const start = performance.now()
    await until('the large file is held twice', 300_000, async () => (await b.status(String(large?.cid))).have === 2)
    report(
      'a file of 256 MiB, added → held by the other',
      largeBytes / 1e6 / ((performance.now() - start) / 1000),
      'MB/s',
      {
        name: 'the stream',
        value: stream
      }
    )
    const folder = join(lab.folder, 'small')
    await mkdir(folder)
    const files = Array.from({ length: smallPins }, (_none, n) => writeBytes(join(folder, `${n}`), `small ${n}`, 1000))
    const added = await a.run(['add', ...files, '-r', '1'], { deadlineMs: 300_000 })
    const from = performance.now()
    await a.client.pins.add(added.map(({ cid }) => ({ cid: String(cid), replicas: 2 })))
    await new Held(b).reach(smallPins + 1)
    report(
      'pins of 1 kB, asked for twice → all held by the other',
      smallPins / ((performance.now() - from) / 1000),
      '/s'
    )
  } finally {
    await lab.close()
  }
}

async function streamRate(): Promise<number> {
  const bytes = new Uint8Array(1024 * 1024)
  const nodes = await Promise.all(
    [1, 2].map(async (n) => {
      const node = await createLibp2pTransport({
        privateKeySeed: new Uint8Array(32).fill(n),
        listen: ['/ip4/127.0.0.1/tcp/0'],
        gossip: false,
        isMember: () => true
      })
      await node.start({
        gossiped: () => 'ignore',
        asked: async () => bytes,
        connected: () => {},
        disconnected: () => {}
      })
      return node
    })
  )
  try {
    const [one, other] = nodes as [(typeof nodes)[0], (typeof nodes)[0]]
    const peer = await one.dial(other.addresses()[0] as string, AbortSignal.timeout(10_000))
    const rate = await perSecond(256, 8, async () => one.ask(peer, new Uint8Array(1), AbortSignal.timeout(30_000)))
    return (rate * bytes.length) / 1e6
  } finally {
    await Promise.all(nodes.map(async (node) => node.stop()))
  }
}
