/**
 * The root key of a peer that runs: taken up when it is brought, and replaced by a new one. The new key is on disk before the old one
 * signs it in, and replaces the old one after: a crash in between leaves both, and the key log says which is in force.
 */
import { equalBytes } from '@pinmesh/core'
import type { Home } from './home.ts'
import { keyPair, type MovableRoot } from './node-crypto.ts'

export class RootHolder {
  readonly #home: Home
  readonly #crypto: MovableRoot

  constructor(home: Home, crypto: MovableRoot) {
    this.#home = home
    this.#crypto = crypto
  }

  /** Takes up the key that is in the home now. False if there is none. */
  async reload(): Promise<boolean> {
    const seed = await this.#home.rootSeed()
    if (seed === undefined) {
      delete this.#crypto.signAsRoot
      delete this.#crypto.rootKey
      return false
    }
    const { sign, key } = keyPair(seed)
    this.#crypto.signAsRoot = sign
    this.#crypto.rootKey = key
    return true
  }

  /** The public key that may follow, its secret on disk. */
  async next(): Promise<Uint8Array> {
    return keyPair(await this.#home.newNextRoot()).key
  }

  /** The next one is in force. */
  async promote(): Promise<void> {
    await this.#home.promoteRoot()
    await this.reload()
  }

  /** Ends a change that was cut, `rootKey` being the one in force. */
  async settle(rootKey: Uint8Array): Promise<void> {
    const seed = await this.#home.nextRootSeed()
    if (seed !== undefined && equalBytes(keyPair(seed).key, rootKey)) await this.promote()
  }
}
