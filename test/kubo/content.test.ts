// Content on a real Kubo against the contract that every content passes: Kubo with Kubo, and either way with the embedded
// one, directly by bitswap.

import { join } from 'node:path'
import { test } from 'node:test'
import { type Content, createHeliaContent, createKuboContent } from '@pinmesh/ipfs'
import { contract } from '@pinmesh/ipfs/contract'
import { createLibp2pTransport } from '@pinmesh/transport'
import { Kubo, withoutKubo } from '../kit/kubo.ts'
import { newFolder, removeFolder } from '../kit/processes.ts'

const stallMs = 4000

interface Side {
  content: Content
  /** as the mesh knows it */
  peer: string
  /** of what holds its blocks */
  ipfsPeer: string
  addresses: readonly string[]
  end(): Promise<void>
}

type Reach = (peer: string) => readonly string[]

async function kuboSide(peer: string, reach: Reach): Promise<Side> {
  const kubo = await Kubo.start()
  const folder = newFolder('kubo-content')
  const content = createKuboContent({ path: folder, api: kubo.api, mesh: 'contract', peer, reach, stallMs })
  await content.start()
  const end = async (): Promise<void> => {
    await content.stop()
    await kubo.remove()
    removeFolder(folder)
  }
  return { content, peer, ipfsPeer: kubo.peer, addresses: await kubo.addresses(), end }
}

async function embeddedSide(seed: number, reach: Reach): Promise<Side> {
  const folder = newFolder('embedded-content')
  const transport = await createLibp2pTransport({
    privateKeySeed: new Uint8Array(32).fill(seed),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    gossip: false,
    isMember: () => true
  })
  const { libp2p, peer } = transport
  const content = createHeliaContent({ path: join(folder, 'blocks'), libp2p, isMember: () => true, reach, stallMs })
  await content.start()
  await transport.start({
    gossiped: () => 'ignore',
    asked: async () => new Uint8Array(),
    connected: () => {},
    disconnected: () => {}
  })
  const end = async (): Promise<void> => {
    await content.stop()
    await transport.stop()
    removeFolder(folder)
  }
  return { content, peer, ipfsPeer: peer, addresses: transport.addresses(), end }
}

function pair(name: string, make: (n: number, reach: Reach) => Promise<Side>, other = make): void {
  contract(name, async () => {
    const sides: Side[] = []
    const reach: Reach = (peer) => sides.find((side) => side.peer === peer)?.addresses ?? []
    sides.push(await make(1, reach), await other(2, reach))
    const [here, there] = sides as [Side, Side]
    const clean = async (): Promise<void> => {
      for (const side of sides) await side.end()
    }
    return { here: here.content, there: there.content, therePeer: there.peer, clean }
  })
}

const kubo = async (n: number, reach: Reach): Promise<Side> => kuboSide(`peer ${n}`, reach)

if (withoutKubo === false) {
  pair('Kubo from Kubo', kubo)
  pair('Kubo from embedded', kubo, embeddedSide)
  pair('embedded from Kubo', embeddedSide, kubo)
} else {
  test('content on Kubo', { skip: withoutKubo }, () => {})
}
