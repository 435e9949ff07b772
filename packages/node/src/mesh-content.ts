// The programming API of content: files in, files out, and the room that it takes. Progress is told in events, as libp2p and Helia
// tell it: a type and a detail.

import type { ProgressEvent, ProgressOptions } from 'progress-events'
import type { CallOptions } from './mesh-call.ts'
import type { PinAnswer, PinRequest, Refused } from './mesh-pins.ts'

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

/** Bytes written so far. */
export type AddProgress = ProgressEvent<'pinmesh:add:bytes', { bytes: number }>

/** Pins and copies deleted so far. */
export type GcProgress = ProgressEvent<'pinmesh:gc:deleted', { deleted: number }>

export interface CarOptions extends CallOptions, ProgressOptions<AddProgress> {
  /** Pin it in the mesh too; without, it stays a copy on this peer alone, until `gc`. */
  pin?: Omit<PinRequest, 'cid'>
}

export interface AddOptions extends CarOptions {
  /** Put a folder around what is added. */
  wrap: boolean
  /** How files are cut: `size-<bytes>` or `rabin-<min>-<avg>-<max>`. Default: size-1048576. */
  chunker?: string
}

export interface Added extends Partial<PinAnswer> {
  cid: string
  /** of all its blocks */
  bytes: number
}

export interface GetOptions extends CallOptions {
  /** Below the CID, '/' between names. MESH_PATH_MISSING if there is nothing. Default: the CID itself. */
  path?: string
}

/** An entry that was given before, and how much of its content. */
export interface ContentPlace {
  /** as in ContentEntry */
  path: string
  /** bytes */
  offset: number
}

export interface ListOptions extends GetOptions {
  /**
   * Go on where an earlier reading of the same ended: with this entry, its content without the first `offset` bytes. Nothing before it
   * is read. MESH_CONTENT_REFUSED if there is no such place.
   */
  from?: ContentPlace | undefined
}

export interface GcOptions extends CallOptions, ProgressOptions<GcProgress> {
  /** Do not wait for the trash time. What was promised to others stays all the same. */
  now?: boolean
}

export interface Collected {
  /** Pins whose content left the trash. */
  pins: number
  /** Copies that no pin of the mesh asked for: of adds without a pin, and what a crash has left. */
  copies: number
  /** By how much less is on disk than before, all else that happened meanwhile included. */
  freedBytes: number
  /** What stays in the trash, by the reason; `until` is when the last of it may go, where that is known. */
  stays: { why: 'promised' | 'trash-time' | 'out-of-step' | 'failed'; pins: number; bytes: number; until?: number }[]
}

/** Bytes of pins count whole; what several pins share is on disk once. */
export interface SpaceUse {
  budgetBytes: number
  /** Of all blocks on disk. */
  usedBytes: number
  /** For what is being fetched. */
  reservedBytes: number
  held: { pins: number; bytes: number }
  trash: { pins: number; bytes: number }
  limbo: { pins: number; bytes: number }
  /** Copies that no pin of the mesh asks for. */
  copies: { pins: number; bytes: number }
}

export interface PinUse {
  cid: string
  bytes: number
  state: 'held' | 'trash' | 'limbo' | 'copy'
}

export interface MeshContent {
  /** Resolves when the blocks (and the pin, if asked for) are durable here. */
  add(entries: AsyncIterable<AddEntry>, options: AddOptions): Promise<Added>

  /** Takes a CAR and pins each of its roots, which keep their exact CIDs. All of it comes in, or nothing. */
  addCar(car: AsyncIterable<Uint8Array>, options: CarOptions): Promise<(Added | Refused)[]>

  /**
   * Reads verified blocks, local ones or from peers that hold them, without pinning: parents before children, always in the same order.
   */
  get(cid: string, options?: ListOptions): AsyncIterable<ContentEntry>

  /** Likewise as a CAR (version 1): depth first, each block once, the same bytes everywhere. */
  getCar(cid: string, options?: GetOptions): AsyncIterable<Uint8Array>

  /** Empties the trash as far as the rules allow and deletes what no pin needs. */
  gc(options?: GcOptions): Promise<Collected>

  space(options?: CallOptions): Promise<SpaceUse>

  /** What each pin takes here, in chunks. */
  spaceOfPins(options?: CallOptions): AsyncIterable<PinUse[]>
}
