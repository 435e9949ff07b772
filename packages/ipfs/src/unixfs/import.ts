// Files into blocks: UnixFS in the one shape that gives the same CID for the same bytes everywhere (CIDv1, raw leaves,
// chunks of 1 MiB, 1,024 links; Kubo with cid-version=1, raw-leaves, chunker=size-1048576, max-file-links=1024).

import { importer } from 'ipfs-unixfs-importer'
import type { ImportCandidate, ImporterOptions } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import type { CID } from 'multiformats/cid'
import type { AddSource, FolderEntry } from '../content.ts'
import { ContentError } from '../content-error.ts'
import { safePath } from './paths.ts'

/** Bytes of a chunk. */
const chunkBytes = 1 << 20
const linksMax = 1024
/** Chunks hashed and written at once: bounds the memory of an add to about 16 MiB. */
const writesAtOnce = 16

/** Puts every block through `put` and resolves with the root. */
export async function importInto(
  source: AddSource,
  put: (cid: CID, bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal
): Promise<CID> {
  const folder = 'folder' in source
  const options: ImporterOptions = {
    cidVersion: 1,
    rawLeaves: true,
    reduceSingleLeafToSelf: true,
    chunker: fixedSize({ chunkSize: chunkBytes }),
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
