/*
 * A peer is named by its libp2p peer id text (12D3Koo…); on the wire stand the 32 bytes of its ed25519 key. The two carry the
 * same information: a peer id of such a key is the identity multihash of the key in a fixed protobuf frame, in base58btc
 * (libp2p specs, peer-ids).
 */
import { base58btc } from 'multiformats/bases/base58'

import { toHex } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import { checkLength } from './check.ts'

const frame: readonly number[] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]
const peerText = /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/

/** Both ways are remembered: base58 costs 20 µs, and every beat, claim and record names its peer. */
const rememberedMax = 20_000
const keys = new Map<string, Uint8Array>()
const texts = new Map<string, string>()

/** The key of an ed25519 peer id, 32 bytes. Throws FormatError for any other text. */
export function keyOfPeer(peer: string): Uint8Array {
  const known = keys.get(peer)
  if (known !== undefined) return known
  if (!peerText.test(peer)) throw new FormatError('a peer id is not the text of an ed25519 key (12D3KooW…)')
  const bytes = base58btc.decode(`z${peer}`)
  if (bytes.length !== frame.length + 32 || frame.some((byte, i) => bytes[i] !== byte)) {
    throw new FormatError('a peer id is not that of an ed25519 key')
  }
  const key = bytes.subarray(frame.length)
  remember(keys, peer, key)
  return key
}

/** The peer id text of a key of 32 bytes. Throws FormatError for another length. */
export function peerOfKey(key: Uint8Array): string {
  checkLength(key, 32, 'a peer key')
  const name = toHex(key)
  const known = texts.get(name)
  if (known !== undefined) return known
  const bytes = new Uint8Array(frame.length + 32)
  bytes.set(frame)
  bytes.set(key, frame.length)
  const peer = base58btc.baseEncode(bytes)
  remember(texts, name, peer)
  return peer
}

function remember<T>(memory: Map<string, T>, name: string, value: T): void {
  if (memory.size >= rememberedMax) memory.clear()
  memory.set(name, value)
}
