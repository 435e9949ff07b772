/**
 * Founding a mesh: the charter and the first operations of its key log. The founder's own peer is its first writer and is
 * vouched for; everything else follows from the key log later.
 */
import { Writer } from '../bytes/writer.ts'
import type { Crypto, Random } from '../crypto.ts'
import type { Row } from '../effects.ts'
import type { KeyValue } from '../events.ts'
import { type Charter, decodeCharter, encodeCharter, meshIdOf } from '../formats/charter.ts'
import type { KeyChange, Policy } from '../formats/key-op.ts'
import { Facts } from './facts.ts'

export interface Founding {
  readonly name: string
  /** 32 bytes */
  readonly rootKey: Uint8Array
  /** the founder's peer id */
  readonly founder: string
  readonly policy: Policy
  /** ms since 1970 */
  readonly wall: number
}

/** The encoded charter, its mesh id, and the rows of table `fact` with which the founder starts. */
export function found(
  founding: Founding,
  crypto: Crypto & { signAsRoot(bytes: Uint8Array): Uint8Array },
  random: Random
): { charter: Uint8Array; meshId: Uint8Array; rows: Row[] } {
  const parts: Charter = { version: 1, name: founding.name, root: founding.rootKey, salt: random.bytes(16) }
  const charter = encodeCharter(parts)
  const meshId = meshIdOf(charter, crypto)
  const facts = new Facts({ meshId, root: founding.rootKey, crypto })
  const changes: KeyChange[] = [
    { kind: 'policy', policy: founding.policy },
    { kind: 'add-writer', peer: founding.founder, writer: random.below(2 ** 32 - 1) + 1, caps: 0 },
    { kind: 'vouch', peer: founding.founder }
  ]
  const rows: Row[] = [{ table: 'fact', key: charterRowKey, value: charter }]
  for (const change of changes)
    rows.push(...facts.takeOp(facts.keyLog.next(change, founding.wall, (bytes) => crypto.signAsRoot(bytes))).rows)
  return { charter, meshId, rows }
}

/**
 * What a newcomer keeps of a mesh it has just heard of: its charter, and as much of the key log as fits the charter's root key.
 * Throws FormatError if the operations are not signed by it.
 */
export function learn(
  charter: Uint8Array,
  ops: readonly Uint8Array[],
  crypto: Crypto
): { rows: Row[]; policy: Policy | undefined } {
  const { root } = decodeCharter(charter)
  const facts = new Facts({ meshId: meshIdOf(charter, crypto), root, crypto })
  const rows: Row[] = [{ table: 'fact', key: charterRowKey, value: charter }]
  for (const op of ops) rows.push(...facts.takeOp(op).rows)
  return { rows, policy: facts.keyLog.policy }
}

/** The policy that the rows of table `fact` amount to. */
export function policyOf(charter: Uint8Array, rows: readonly KeyValue[], crypto: Crypto): Policy | undefined {
  return readingOf(charter, rows, crypto).policy
}

/** What the rows of table `fact` amount to: the policy, and the root key in force. */
export function readingOf(
  charter: Uint8Array,
  rows: readonly KeyValue[],
  crypto: Crypto
): { policy: Policy | undefined; rootKey: Uint8Array } {
  const facts = new Facts({ meshId: meshIdOf(charter, crypto), root: decodeCharter(charter).root, crypto })
  facts.load(rows)
  const { policy, rootKey } = facts.keyLog
  return { policy, rootKey }
}

/** fact 'c': the charter. */
export const charterRowKey: Uint8Array = new Writer().u8(0x63).finish()
