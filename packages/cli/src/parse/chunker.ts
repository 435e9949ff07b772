// How files are cut, in the words of ipfs.

import { badValue } from './refuse.ts'

/** What the peer takes, in bytes. */
const sizeMin = 1024
const sizeMax: number = 1 << 20

/** MESH_BAD_VALUE. */
export function parseChunker(text: string): string {
  const sizes = text.split('-').slice(1).map(Number)
  const rising = sizes.every((size, at) => size >= (sizes[at - 1] ?? sizeMin) && size <= sizeMax)
  if (/^(size-\d+|rabin-\d+-\d+-\d+)$/.test(text) && rising) return text
  throw badValue(
    'a way to cut files',
    text,
    `Give size-<bytes>, or rabin-<min>-<avg>-<max>, each from ${sizeMin} to ${sizeMax}, such as size-262144.`
  )
}
