// A small disk of its own for a test: a file system in memory that the test mounts, so that it can be filled without filling
// anything else. It takes Linux and root. CI has them, so there a lack is a failure; elsewhere the tests are skipped with the
// reason. What is mounted is unmounted when this process ends, however it ends.

import { spawnSync } from 'node:child_process'
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { newFolder, removeFolder } from './processes.ts'

const pieceBytes: number = 64 << 10
const mounted = new Set<string>()

/** Why there can be none here, for the `skip` of a test; false where they can be made. Throws in CI instead of giving a reason. */
export function smallDiskMissing(): string | false {
  const path = newFolder('mount')
  const tried = mount(path, 1)
  if (tried === undefined) {
    unmount(path)
    return false
  }
  const reason = `needs to mount a tmpfs (Linux, root): ${tried}`
  if (process.env.CI !== undefined) throw new Error(reason)
  return reason
}

export class SmallDisk {
  readonly path: string

  /** Mounted at `path`, or in a folder of its own. */
  constructor(megabytes: number, path: string = newFolder('disk')) {
    this.path = path
    mkdirSync(path, { recursive: true })
    const failed = mount(this.path, megabytes)
    if (failed !== undefined) throw new Error(failed)
  }

  /** Bytes that anybody may still write. */
  get free(): number {
    const { bavail, bsize } = statfsSync(this.path)
    return bavail * bsize
  }

  /** Takes all room but so many bytes. */
  fill(leaveBytes = 0): void {
    const piece = new Uint8Array(pieceBytes).fill(1)
    const file = openSync(join(this.path, 'ballast'), 'a')
    try {
      while (this.free > leaveBytes) writeSync(file, piece, 0, Math.min(pieceBytes, this.free - leaveBytes))
      fsyncSync(file)
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw error
    } finally {
      closeSync(file)
    }
  }

  /** Gives the room back. */
  clear(): void {
    rmSync(join(this.path, 'ballast'), { force: true })
  }

  remove(): void {
    unmount(this.path)
    removeFolder(this.path)
  }
}

function mount(path: string, megabytes: number): string | undefined {
  const { status, error, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], {
    encoding: 'utf8'
  })
  if (status !== 0) return error?.message ?? stderr.trim()
  if (mounted.size === 0) process.prependListener('exit', () => mounted.forEach(unmount))
  mounted.add(path)
  return undefined
}

/** Lazily: a process that is just ending may still have a file open there. */
function unmount(path: string): void {
  spawnSync('umount', ['--lazy', path])
  mounted.delete(path)
}
