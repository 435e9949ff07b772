// The programming API of content: files in, files out.

import type { PinAnswer, PinRequest } from './mesh-pins.ts'

/** One file or folder to add; a folder has no content. `path` is relative, '/' between names. */
export interface AddEntry {
  path: string
  content?: AsyncIterable<Uint8Array>
}

/** Content comes with its entry: read it before the next entry, or it is skipped. */
export interface ContentEntry {
  path: string
  kind: 'file' | 'folder'
  size: number
  content?: AsyncIterable<Uint8Array>
}

export interface AddOptions {
  /** Put a folder around what is added. */
  wrap: boolean
  /** Pin it in the mesh too; without, it stays a local copy. */
  pin?: Omit<PinRequest, 'cid'>
  /** Bytes read so far. */
  onProgress?(bytes: number): void
  signal?: AbortSignal
}

export interface Added extends Partial<PinAnswer> {
  cid: string
  /** of all its blocks */
  bytes: number
}

export interface MeshContent {
  /** Resolves when the blocks (and the pin, if asked for) are durable here. */
  add(entries: AsyncIterable<AddEntry>, options: AddOptions): Promise<Added>

  /** Reads verified blocks, local ones or from peers that hold them, without pinning. */
  get(cid: string, signal: AbortSignal): AsyncIterable<ContentEntry>
}
