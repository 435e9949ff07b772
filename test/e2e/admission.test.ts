// A mesh by invitation: who was not vouched for gets in by no door. He is told what to ask for, holds nothing, and is
// given no block, neither by the protocol of members nor by bitswap.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Content, ContentError, createHeliaContent } from '@pinmesh/ipfs'
import { createLibp2pTransport, type Libp2pTransport } from '@pinmesh/transport'
import { sameFile, writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const lab = new Lab('admission', { open: false })
const file = writeBytes(join(lab.folder, 'secret.bin'), 'secret', 400_000)
let a: PeerProcess
let b: PeerProcess
let cid = ''
let transport: Libp2pTransport | undefined
let content: Content | undefined

after(async () => {
  await content?.stop()
  await transport?.stop()
  await lab.close()
})

/** Everything that it takes to ask for blocks, with an identity that the mesh does not know. */
async function stranger(): Promise<{ peer: string; fetch(): Promise<unknown> }> {
  const opened = await createLibp2pTransport({
    privateKeySeed: new Uint8Array(randomBytes(32)),
    listen: [],
    gossip: false,
    isMember: () => true
  })
  transport = opened
  await opened.start({
    gossiped: () => 'ignore',
    asked: async () => Promise.reject(new Error('nothing is answered here')),
    connected: () => {},
    disconnected: () => {}
  })
  content = createHeliaContent({
    path: join(lab.folder, 'stranger'),
    libp2p: opened.libp2p,
    isMember: () => true,
    stallMs: 3000
  })
  const held = content
  await held.start()
  const fetch = async (): Promise<unknown> => {
    await opened.dial(a.addresses[0] as string, AbortSignal.timeout(10_000))
    const signal = AbortSignal.timeout(20_000)
    return held.acquire(cid, { mode: 'recursive', sources: [a.peer], bytesMax: 1e9, signal })
  }
  return { peer: opened.peer, fetch }
}

test('a peer waits until the founder vouches for it; then it holds and reads', async () => {
  a = await lab.found('a')
  b = await lab.join('b', a)
  assert.equal(b.role, 'waiting')
  await until('b says what to ask for', 10_000, () => b.stderr.includes(`mesh peers vouch ${b.peer}`))
  assert.equal(await a.knows(b.peer), undefined, 'it is no member yet')
  const few = await a.try(['add', file, '-r', '2', '--min', '2'])
  assert.equal(few.code, 2)

  await a.run(['peers', 'vouch', b.peer])
  await until('b is trusted', 20_000, async () => (await b.client.info()).role === 'trusted')
  await lab.meet([a, b])
  const [added] = await a.run(['add', file, '-r', '2', '--wait', '--timeout', '80s'])
  cid = String(added?.cid)
  await b.run(['get', cid, '-o', join(lab.folder, 'got'), '--timeout', '20s'])
  sameFile(file, join(lab.folder, 'got'))
})

test('a stranger who knows the CID and the holder gets no block; once vouched for, he does', async () => {
  const { peer, fetch } = await stranger()
  await assert.rejects(fetch(), (error) => error instanceof ContentError && error.code === 'unreachable')
  assert.equal((await content?.space())?.usedBytes, 0)
  await a.run(['peers', 'vouch', peer])
  await fetch()
})
