// Files of a known content, made the same in every run, and the comparison of two trees byte by byte.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Bytes that do not compress, the same for the same seed. */
export function bytesOf(seed: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0, turn = 0; at < length; turn++) {
    const block = createHash('shake256', { outputLength: Math.min(1 << 16, length - at) })
      .update(`${seed} ${turn}`)
      .digest()
    bytes.set(block, at)
    at += block.length
  }
  return bytes
}

/** One file; its path. */
export function writeBytes(path: string, seed: string, length: number): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytesOf(seed, length))
  return path
}

/** A folder with files of many sizes, some of them nested, one empty; its bytes. */
export function writeTree(folder: string, bytes: number): number {
  const sizes: [string, number][] = [
    ['film.bin', 0.6],
    ['photos/2024/sea.raw', 0.15],
    ['photos/2024/hills.raw', 0.1],
    ['photos/2025/märz/schnee.raw', 0.1],
    ['notes/empty.txt', 0],
    ['notes/one.txt', 1 / bytes]
  ]
  for (let n = 0; n < 40; n++) sizes.push([`notes/${n % 4}/${n}.txt`, 0.05 / 40])
  let total = 0
  for (const [path, share] of sizes) {
    const length = Math.round(share * bytes)
    writeBytes(join(folder, path), path, length)
    total += length
  }
  return total
}

/** The files below a folder, as paths from there, sorted. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name).slice(folder.length + 1))
    .sort()
}

/** Throws where two folders differ in a name or a byte; the number of files. */
export function sameTree(one: string, other: string): number {
  const files = filesIn(one)
  assert.deepEqual(filesIn(other), files, 'the same names')
  for (const file of files) sameFile(join(one, file), join(other, file))
  return files.length
}

export function sameFile(one: string, other: string): void {
  assert.ok(readFileSync(one).equals(readFileSync(other)), `${other} differs from ${one}`)
}

/** What the files below a folder take up together. */
export function sizeOf(folder: string): number {
  return filesIn(folder).reduce(
    (sum, file) => sum + (statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0),
    0
  )
}
