// A peer is its ed25519 key: the 32-byte seed kept by the node is the libp2p identity, and nothing else is.

import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'

/** The libp2p private key of a 32-byte ed25519 seed. Throws RangeError on any other length. */
export async function keyOfSeed(seed: Uint8Array): Promise<PrivateKey> {
  if (seed.length !== 32) throw new RangeError(`an ed25519 seed has 32 bytes, not ${seed.length}`)
  return generateKeyPairFromSeed('Ed25519', seed)
}

/** The peer id text (12D3Koo…) of a 32-byte ed25519 seed. */
export async function peerOfSeed(seed: Uint8Array): Promise<string> {
  return peerIdFromPrivateKey(await keyOfSeed(seed)).toString()
}
