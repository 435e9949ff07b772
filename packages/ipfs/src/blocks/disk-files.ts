// Large blocks as files: 256 folders by the last byte of the digest, each write into a temporary file that is made
// durable before it gets its name. So a file under its name is never short, and sync() has only folders left to do.

import { open, mkdir, readFile, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Files } from './files.ts'
import { Limiter } from './limiter.ts'

/** Writes at once: more only wait for each other in libuv's four threads, and hold their bytes meanwhile. */
const writesMax = 16

export class DiskFiles implements Files {
  readonly #path: string
  readonly #dirty = new Set<string>()
  readonly #syncing = new Set<Promise<void>>()
  readonly #writes = new Limiter(writesMax)
  #counter = 0

  constructor(path: string) {
    this.#path = path
  }

  async open(): Promise<void> {
    // What a stopped process left half written has no name yet and nobody waits for it.
    await rm(this.#temporary(), { recursive: true, force: true })
    await mkdir(this.#temporary(), { recursive: true })
    for (let n = 0; n < 256; n++) await mkdir(this.#folder(n.toString(16).padStart(2, '0')), { recursive: true })
    await syncFolder(this.#path)
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    await this.#writes.run(async () => {
      const temporary = join(this.#temporary(), String(this.#counter++))
      try {
        const file = await open(temporary, 'wx')
        try {
          await file.writeFile(bytes)
          await file.datasync()
        } finally {
          await file.close()
        }
        await rename(temporary, this.#file(name))
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => {})
        throw error
      }
      this.#dirty.add(name.slice(-2))
    })
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    try {
      const bytes = await readFile(this.#file(name))
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await unlink(this.#file(name))
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }

  async sync(): Promise<void> {
    if (this.#dirty.size > 0) {
      const folders = [...this.#dirty]
      this.#dirty.clear()
      const run = this.#syncAll(folders).finally(() => this.#syncing.delete(run))
      this.#syncing.add(run)
    }
    // An earlier call may still be at work on a folder that holds a file of this caller.
    await Promise.all(this.#syncing)
  }

  async #syncAll(folders: readonly string[]): Promise<void> {
    try {
      await Promise.all(folders.map((shard) => syncFolder(this.#folder(shard))))
    } catch (error) {
      for (const shard of folders) this.#dirty.add(shard)
      throw error
    }
  }

  async *list(): AsyncGenerator<{ name: string; size: number }> {
    for (let n = 0; n < 256; n++) {
      const folder = this.#folder(n.toString(16).padStart(2, '0'))
      for (const name of await readdir(folder)) yield { name, size: (await stat(join(folder, name))).size }
    }
  }

  async probe(): Promise<void> {
    await stat(this.#temporary())
  }

  #temporary(): string {
    return join(this.#path, 'tmp')
  }

  #folder(shard: string): string {
    return join(this.#path, shard)
  }

  #file(name: string): string {
    return join(this.#folder(name.slice(-2)), name)
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
