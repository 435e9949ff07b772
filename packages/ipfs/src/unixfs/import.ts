// Files into blocks: UnixFS in the one shape that gives the same CID for the same bytes everywhere (CIDv1, raw leaves,
// chunks of 1 MiB unless told, 1,024 links; Kubo with cid-version=1, raw-leaves, chunker=size-1048576, max-file-links=1024).

import { importer } from 'ipfs-unixfs-importer'
import type { ImportCandidate, ImporterOptions } from 'ipfs-unixfs-importer'
import { balanced } from 'ipfs-unixfs-importer/layout'
import type { CID } from 'multiformats/cid'
import type { AddSource, FolderEntry } from '../content.ts'
import { ContentError } from '../content-error.ts'
import { chunkerDefault, parseChunker } from './chunker.ts'
import { safePath } from './paths.ts'

const linksMax = 1024
/** Chunks hashed and written at once: bounds the memory of an add to about 16 MiB. */
const writesAtOnce = 16

export interface Import {
  put(cid: CID, bytes: Uint8Array): Promise<void>
  signal: AbortSignal
  /** Default: size-1048576. */
  chunker?: string | undefined
}

/** Puts every block through `put` and resolves with the root. */
export async function importInto(source: AddSource, init: Import): Promise<CID> {
  const { put, signal, chunker = chunkerDefault } = init
  const folder = 'folder' in source
  const options: ImporterOptions = {
    cidVersion: 1,
    rawLeaves: true,
    reduceSingleLeafToSelf: true,
    chunker: parseChunker(chunker),
    layout: balanced({ maxChildrenPerNode: linksMax }),
    blockWriteConcurrency: writesAtOnce,
    // One file after the other: they may come out of one stream.
    fileImportConcurrency: 1,
    wrapWithDirectory: folder
  }
  const store = {
    put: async (cid: CID, bytes: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<CID> => {
      if (!(bytes instanceof Uint8Array)) throw new ContentError('back-end', 'The importer gave a stream for a block')
      await put(cid, bytes)
      return cid
    }
  }
  const candidates = folder
    ? entries(source.folder, signal)
    : [{ content: abortable(source, signal) } satisfies ImportCandidate]
  let root: CID | undefined
  for await (const entry of importer(candidates, store, options)) root = entry.cid
  if (root === undefined) throw new ContentError('refused', 'There is nothing to add')
  return root
}

async function* entries(
  source: AsyncIterable<FolderEntry> | Iterable<FolderEntry>,
  signal: AbortSignal
): AsyncGenerator<ImportCandidate> {
  for await (const { path, content } of source) {
    stopIfAborted(signal)
    safePath(path, 'refused')
    if (content === undefined) yield { path }
    else yield { path, content: content instanceof Uint8Array ? content : abortable(content, signal) }
  }
}

async function* abortable(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    stopIfAborted(signal)
    yield bytes
  }
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new ContentError('aborted', 'The add was aborted', { cause: signal.reason })
}
