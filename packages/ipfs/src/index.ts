/**
 * What holds content: pins of whole DAGs on disk, moved between members as streams of verified blocks, by bitswap with
 * everyone else, who are found by routers and asked only where that is wanted.
 *
 * @example
 * const content = createHeliaContent({ path, libp2p, isMember: (peer) => members.has(peer) })
 * await content.start()
 * const { cid } = await content.add(createReadStream('film.mp4'))
 * await content.acquire(other, { mode: 'recursive', sources: [peer], bytesMax: 1e9, signal })
 *
 * @packageDocumentation
 */

export type {
  AcquireOptions,
  AddOptions,
  AddSource,
  Content,
  ContentEntry,
  FolderEntry,
  GetOptions,
  ListOptions,
  Imported,
  Pin,
  PinMode
} from './content.ts'
export { ContentError } from './content-error.ts'
export type { ContentCode } from './content-error.ts'
export type { Mended } from './blocks/open-level.ts'
export { createHeliaContent } from './helia-content.ts'
export type { HeliaContentInit } from './helia-content.ts'
export { createKuboContent, identifyKubo } from './kubo/kubo-content.ts'
export type { KuboContent, KuboContentInit } from './kubo/kubo-content.ts'
export type { KuboIdentity } from './kubo/kubo-api.ts'
export type { OutsideInit } from './outside/outside.ts'
export type { FindHeld, Held } from './pins/repair.ts'
export type { RouterChange } from './outside/router.ts'
export { createMemoryContent, createMemoryWorld } from './memory-content.ts'
export type { Faults, MemoryContent, MemoryContentInit, MemoryWorld } from './memory-content.ts'
