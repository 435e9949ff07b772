/**
 * A peer's home on disk: who it is (`identity.key`), which mesh it is in and where that was found (`mesh.json`), the founder's
 * root key, the store and the blocks. Files are replaced whole (written beside, synced, renamed), so a crash leaves the old or the new.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { fromHex, toHex } from '@pinmesh/core'
import { homeDenied, MeshError } from './mesh-error.ts'
import { type MeshFile, parseMeshFile } from './mesh-file.ts'
import { nodeCrypto } from './node-crypto.ts'
import { replaceFile } from './replace-file.ts'

/** Default budget: at most this, and at most half of the free disk. */
export const spaceDefaultBytes: number = 10 * 1000 ** 3

const nextRootFile = 'root.next.key'

export class Home {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  get storePath(): string {
    return join(this.path, 'store')
  }

  get blocksPath(): string {
    return join(this.path, 'blocks')
  }

  get rootKeyPath(): string {
    return join(this.path, 'root.key')
  }

  /** The seed of the peer's identity, made at the first call. */
  async identity(): Promise<Uint8Array> {
    return (await this.#key('identity.key')) ?? this.#newKey('identity.key')
  }

  /**
   * The seed that the peer of this mesh has here. MESH_HOME_DAMAGED where its file is gone or that of another peer: with a new
   * identity nobody would know the peer, and nobody would keep what it has promised.
   */
  async identityIn({ peer }: MeshFile): Promise<Uint8Array> {
    const seed = await this.#key('identity.key')
    if (seed !== undefined && (peer === undefined || nodeCrypto(seed).peer === peer)) return seed
    const what = seed === undefined ? 'is missing' : `is that of another peer than ${peer}`
    throw new MeshError('MESH_HOME_DAMAGED', `The key file identity.key in ${this.path} ${what}.`, {
      remedy: 'Restore it from a backup; if there is none, join the mesh again with another --home, as a new peer.'
    })
  }

  /** The seed of the root key, where this home founded the mesh. */
  async rootSeed(): Promise<Uint8Array | undefined> {
    return this.#key('root.key')
  }

  /** A root key that was brought here. */
  async saveRootSeed(seed: Uint8Array): Promise<void> {
    await this.#write('root.key', `${toHex(seed)}\n`)
  }

  /** A root key that is to follow, until it is in force. */
  async nextRootSeed(): Promise<Uint8Array | undefined> {
    return this.#key(nextRootFile)
  }

  async newNextRoot(): Promise<Uint8Array> {
    return this.#newKey(nextRootFile)
  }

  /** The next root key becomes the root key. */
  async promoteRoot(): Promise<void> {
    const seed = await this.nextRootSeed()
    if (seed === undefined) return
    await this.saveRootSeed(seed)
    await rm(join(this.path, nextRootFile))
  }

  async newRootSeed(): Promise<Uint8Array> {
    return (await this.#key('root.key')) ?? this.#newKey('root.key')
  }

  /** Undefined where no mesh was founded or joined. */
  async mesh(): Promise<MeshFile | undefined> {
    const text = await readText(join(this.path, 'mesh.json'))
    if (text === undefined) return undefined
    try {
      return parseMeshFile(text)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new MeshError('MESH_HOME_DAMAGED', `The file mesh.json in ${this.path} cannot be read: ${why}.`, {
        remedy: 'Restore it from a backup, or join the mesh again with another --home.',
        cause
      })
    }
  }

  async saveMesh(file: MeshFile): Promise<void> {
    await this.#write('mesh.json', `${JSON.stringify(file, undefined, 2)}\n`)
  }

  /** Half of the free disk or 10 GB, whichever is less. */
  async defaultSpace(): Promise<number> {
    await this.#make()
    const disk = await statfs(this.path)
    return Math.min(spaceDefaultBytes, Math.floor((disk.bavail * disk.bsize) / 2))
  }

  async #key(name: string): Promise<Uint8Array | undefined> {
    const text = await readText(join(this.path, name))
    if (text === undefined) return undefined
    if (!/^[0-9a-f]{64}\s*$/.test(text)) {
      throw new MeshError('MESH_HOME_DAMAGED', `The key file ${name} in ${this.path} cannot be read.`, {
        remedy: 'Restore it from a backup.'
      })
    }
    return fromHex(text.trim())
  }

  async #newKey(name: string): Promise<Uint8Array> {
    const seed = new Uint8Array(randomBytes(32))
    await this.#write(name, `${toHex(seed)}\n`)
    return seed
  }

  async #write(name: string, text: string): Promise<void> {
    await this.#make()
    const path = join(this.path, name)
    try {
      await replaceFile(path, text, 0o600)
    } catch (error) {
      throw homeDenied(path, 'written', error)
    }
  }

  async #make(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true, mode: 0o700 })
    } catch (error) {
      throw homeDenied(this.path, 'written', error)
    }
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw homeDenied(path, 'read', error)
  }
}
