// What is heard on the local network is dialled: a member as long as it is not connected, whoever else once.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerInfo } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { dialMembers, type LocalPeersInit } from '../src/local-peers.ts'

async function someone(address: string): Promise<PeerInfo> {
  return { id: peerIdFromPrivateKey(await generateKeyPair('Ed25519')), multiaddrs: [multiaddr(address)] }
}

test('a member is dialled at what it was heard at, again and again until it is connected', async () => {
  const member = await someone('/ip4/10.0.0.1/tcp/4101')
  const stranger = await someone('/ip4/10.0.0.2/tcp/4101')
  const dialled: string[] = []
  const connected: unknown[] = []
  const node = {
    getConnections: () => connected,
    dial: async (to: unknown) => {
      dialled.push(String(to))
      throw new Error('nobody answers')
    }
  } as unknown as ReturnType<LocalPeersInit['node']>
  const isMember = (peer: string): boolean => peer === member.id.toString()
  const found = new EventTarget()
  const listened = dialMembers(() => found as never, { node: () => node, isMember, connectionsMax: 10 })({} as never)
  const hear = (detail: PeerInfo): boolean => listened.dispatchEvent(new CustomEvent('peer', { detail }))
  hear(member)
  hear(stranger)
  hear({ ...member, multiaddrs: [multiaddr('/ip4/10.0.0.9/tcp/4101')] })
  const at = (ip: string): string => `/ip4/${ip}/tcp/4101/p2p/${member.id.toString()}`
  assert.deepEqual(dialled, [at('10.0.0.1'), at('10.0.0.9')])
  connected.push(member)
  hear(member)
  assert.equal(dialled.length, 2)
})
