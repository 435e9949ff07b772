// How files are cut into chunks, in the words of ipfs: size-<bytes>, or rabin-<min>-<avg>-<max>, which cuts by content so
// that an insertion moves no later cut.

import { fixedSize, rabin } from 'ipfs-unixfs-importer/chunker'
import type { Chunker } from 'ipfs-unixfs-importer/chunker'
import { ContentError } from '../content-error.ts'

export const chunkerDefault = 'size-1048576'
/** Smaller chunks cost more to name than to hold. */
const chunkBytesMin = 1024
/** Larger blocks do not pass between IPFS nodes everywhere. */
const chunkBytesMax: number = 1 << 20

/** `refused` for anything else. */
export function parseChunker(text: string): Chunker {
  const [, size] = /^size-(\d{1,8})$/.exec(text) ?? []
  if (size !== undefined && fits(Number(size))) return fixedSize({ chunkSize: Number(size) })
  const [min, avg, max] = (/^rabin-(\d{1,8})-(\d{1,8})-(\d{1,8})$/.exec(text) ?? []).slice(1).map(Number)
  if (min !== undefined && avg !== undefined && max !== undefined && [min, avg, max].every(fits)) {
    if (min <= avg && avg <= max) return rabin({ minChunkSize: min, avgChunkSize: avg, maxChunkSize: max })
  }
  const form = `size-<bytes> or rabin-<min>-<avg>-<max>, from ${chunkBytesMin} to ${chunkBytesMax}`
  throw new ContentError('refused', `The chunker ${JSON.stringify(text.slice(0, 80))} is not ${form}`)
}

function fits(bytes: number): boolean {
  return bytes >= chunkBytesMin && bytes <= chunkBytesMax
}
