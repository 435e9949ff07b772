/*
 * The door to everything about seals: the seal itself, the Merkle tree under it, the commit it is published with and the
 * entries that are kept with it.
 */
export { commitEntriesMax, decodeSeal, encodeSeal, readSeal, sealHash, sealedBytes, writeSeal } from './plain-seal.ts'
export type { Seal } from './plain-seal.ts'
export { merklePath, merkleRoot, merkleVerify } from './merkle.ts'
export { decodeCommit, encodeCommit } from './commit.ts'
export type { Commit } from './commit.ts'
export { decodeStored, encodeStored, proofOf } from './stored.ts'
export type { Proof, SealedHeader, StoredEntry } from './stored.ts'
