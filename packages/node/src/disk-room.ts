/**
 * How much of the disk under a home content may still take. The last part of it is kept for the store: a peer that has no room
 * for blocks can still take in pins, keep its promises and say how it is.
 */
import { statfs } from 'node:fs/promises'

/** Left to the store, bytes: what it needs to open anew, and a few thousand pins. */
const reserveBytesMax: number = 32 << 20
/** On a small disk, this part of it. */
const reserveShare = 8

export class DiskRoom {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Bytes of blocks that may still be stored; 0 means that the disk is full. */
  async spare(): Promise<number> {
    const { bavail, blocks, bsize } = await statfs(this.#path)
    return Math.max(0, bavail * bsize - Math.min(reserveBytesMax, (blocks * bsize) / reserveShare))
  }
}
