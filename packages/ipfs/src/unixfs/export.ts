// Blocks into files: a lazy listing of what a CID holds, parents before children, and the bytes of a file as fast as
// they are taken.
//
// ipfs-unixfs-exporter decodes each node; the walk is ours, for its own reads a whole file ahead of a slow reader and
// follows any folder DAG without end. Here a node must hold exactly the bytes its parent says, so that work is bounded
// by the size declared; a listing is bounded in entries and depth.

import type { PBNode } from '@ipld/dag-pb'
import * as dagPb from '@ipld/dag-pb'
import { exporter } from 'ipfs-unixfs-exporter'
import type { CID } from 'multiformats/cid'
import type { ContentEntry, Place } from '../content.ts'
import { ContentError } from '../content-error.ts'
import { checkedCid } from '../dag/digest.ts'
import { safeName, safePath } from './paths.ts'

/** Of one listing, shards of large folders included. */
const entriesMax = 1_000_000
/** Folders within folders, shards within shards, nodes of a file above its leaves. */
const depthMax = 128
/** Blocks of a file read ahead. */
const readsAhead = 16

/** Brings a block, right by its hash. */
export type ReadBlock = (cid: CID) => Promise<Uint8Array>

export interface Node {
  kind: 'bytes' | 'folder' | 'shard'
  data: Uint8Array
  /** of a file, as it declares */
  size: number
  /** parallel to the links; of a file only */
  sizes: readonly number[]
  links: PBNode['Links']
  /** hex digits before each name; of a shard only */
  prefix: number
}

export function exportFrom(root: CID, read: ReadBlock, from?: Place): AsyncIterable<ContentEntry> {
  if (from === undefined) return new Listing(read).entry(root, '', 0)
  const names = from.path === '' ? [] : safePath(from.path, 'refused').split('/')
  return new Listing(read).entry(root, '', 0, { names, offset: from.offset })
}

/** Where a listing begins, seen from an entry above it or from it itself. */
interface Start {
  names: readonly string[]
  offset: number
}

class Listing {
  readonly #read: ReadBlock
  #entries = 0

  constructor(read: ReadBlock) {
    this.#read = read
  }

  async *entry(
    cid: CID,
    path: string,
    depth: number,
    start: Start = { names: [], offset: 0 }
  ): AsyncGenerator<ContentEntry> {
    this.#count(depth)
    const node = await nodeOf(cid, await this.#read(cid))
    const { names, offset } = start
    if (node.kind === 'bytes') {
      if (names.length > 0 || offset > node.size) throw noPlace(names[0] ?? path)
      const content = { [Symbol.asyncIterator]: () => fileBytes(node, this.#read, { depth: 0, offset }) }
      yield { path, kind: 'file', size: node.size, content }
      return
    }
    if (names.length === 0) yield { path, kind: 'folder', size: 0 }
    yield* this.#below(node, path, depth, start)
  }

  async *#below(node: Node, path: string, depth: number, { names, offset }: Start): AsyncGenerator<ContentEntry> {
    const seen = new Set<string>()
    let [first] = names
    for await (const child of this.#children(node, depth)) {
      const name = safeName(child.name, 'bad-dag')
      if (seen.has(name)) throw new ContentError('bad-dag', `A folder holds the name ${JSON.stringify(name)} twice`)
      seen.add(name)
      if (first !== undefined && name !== first) continue
      const start = first === undefined ? undefined : { names: names.slice(1), offset }
      first = undefined
      yield* this.entry(child.cid, safePath(path === '' ? name : `${path}/${name}`, 'bad-dag'), depth + 1, start)
    }
    if (first !== undefined) throw noPlace(first)
  }

  async *#children(node: Node, depth: number): AsyncGenerator<{ name: string; cid: CID }> {
    for (const link of node.links) {
      const name = link.Name ?? ''
      const cid = checkedCid((link.Hash as CID).toV1())
      if (node.kind === 'folder') yield { name, cid }
      else if (name.length > node.prefix) yield { name: name.slice(node.prefix), cid }
      else {
        this.#count(depth)
        const shard = await nodeOf(cid, await this.#read(cid))
        if (shard.kind !== 'shard') throw new ContentError('bad-dag', `${cid} should be a part of a large folder`)
        yield* this.#children(shard, depth + 1)
      }
    }
  }

  #count(depth: number): void {
    if (depth > depthMax) throw new ContentError('bad-dag', `Folders are nested deeper than ${depthMax}`)
    if (++this.#entries > entriesMax) throw new ContentError('limit', `More than ${entriesMax} entries`)
  }
}

function noPlace(name: string): ContentError {
  return new ContentError('refused', `There is no such place to begin at: ${JSON.stringify(name.slice(0, 200))}`)
}

/** The bytes of a file but for the first `offset`, whose blocks are not read. */
async function* fileBytes(
  node: Node,
  read: ReadBlock,
  { depth, offset }: { depth: number; offset: number }
): AsyncGenerator<Uint8Array> {
  if (depth > depthMax) throw new ContentError('bad-dag', `A file is nested deeper than ${depthMax} nodes`)
  if (node.data.length > offset) yield node.data.subarray(offset)
  const links = linksFrom(node, Math.max(0, offset - node.data.length))
  const ahead: Promise<Uint8Array>[] = []
  for (let at = 0; at < links.length; at++) {
    for (let next = at + ahead.length; ahead.length < readsAhead && next < links.length; next++) {
      const link = links[next]
      if (link === undefined) break
      const reading = read(link.cid)
      // It is awaited in its turn; a reader that leaves before must not bring the process down.
      reading.catch(() => {})
      ahead.push(reading)
    }
    const link = links[at]
    const bytes = await ahead.shift()
    if (link === undefined || bytes === undefined) return
    const child = await nodeOf(link.cid, bytes)
    if (child.kind !== 'bytes' || child.size !== link.size) {
      throw new ContentError('bad-dag', `${link.cid} does not hold the ${link.size} bytes its parent says`)
    }
    yield* fileBytes(child, read, { depth: depth + 1, offset: link.offset })
  }
}

/** The parts of a file that hold bytes, but for those that lie before the offset. */
function linksFrom(node: Node, offset: number): { cid: CID; size: number; offset: number }[] {
  const links: { cid: CID; size: number; offset: number }[] = []
  let before = offset
  for (const [at, link] of node.links.entries()) {
    const size = node.sizes[at] ?? 0
    if (size > before) links.push({ cid: checkedCid((link.Hash as CID).toV1()), size, offset: before })
    before = Math.max(0, before - size)
  }
  return links
}

/** What a block is as a part of files and folders; `bad-dag` when it is none. */
export async function nodeOf(cid: CID, bytes: Uint8Array): Promise<Node> {
  if (cid.code !== dagPb.code) return { ...noNode, data: bytes, size: bytes.length }
  const { node, unixfs } = await decode(cid, bytes)
  const data = unixfs.data ?? noNode.data
  const links = node.Links
  switch (unixfs.type) {
    case 'directory':
      return { ...noNode, kind: 'folder', links }
    case 'hamt-sharded-directory':
      return { ...noNode, kind: 'shard', links, prefix: ((unixfs.fanout ?? 256n) - 1n).toString(16).length }
    case 'symlink':
      // Given as a file that holds its target: following it is the reader's decision.
      return { ...noNode, data, size: data.length }
    default: {
      const sizes = unixfs.blockSizes.map(Number)
      const size = sizes.reduce((sum, one) => sum + one, data.length)
      if (sizes.length !== links.length || !Number.isSafeInteger(size)) {
        throw new ContentError('bad-dag', `The sizes in ${cid} do not fit its links`)
      }
      return { ...noNode, data, size, sizes, links }
    }
  }
}

const noNode: Node = { kind: 'bytes', data: new Uint8Array(), size: 0, sizes: [], links: [], prefix: 0 }

type UnixFS = Extract<Awaited<ReturnType<typeof exporter>>, { type: 'file' }>['unixfs']

async function decode(cid: CID, bytes: Uint8Array): Promise<{ node: PBNode; unixfs: UnixFS }> {
  try {
    const entry = await exporter(cid, {
      get: async function* () {
        yield bytes
      }
    })
    if (entry.type === 'file' || entry.type === 'directory') return { node: entry.node, unixfs: entry.unixfs }
  } catch (error) {
    throw new ContentError('bad-dag', `${cid} is not a file or a folder`, { cause: error })
  }
  throw new ContentError('bad-dag', `${cid} is not a file or a folder`)
}
