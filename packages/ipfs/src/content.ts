// The port: what the mesh asks of whatever holds content. CIDs are text; answers are always CIDv1 in base32. Every
// method rejects with ContentError only.

export type PinMode = 'recursive' | 'direct'

export interface Pin {
  /** CIDv1, base32 */
  cid: string
  mode: PinMode
  /** of the DAG's distinct blocks (mode direct: of the one block) */
  bytes: number
}

export interface AcquireOptions {
  mode: PinMode
  /** peers said to hold it, best first; may be empty, or name peers that turn out to hold nothing */
  sources: readonly string[]
  /** bound on the bytes of all distinct blocks, held or fetched; above it `limit` */
  bytesMax: number
  signal: AbortSignal
  /** bytes of the DAG seen so far, held or fetched */
  onProgress?(bytes: number): void
}

export interface FolderEntry {
  /** relative, '/' between names; no '..', no empty name, no NUL */
  path: string
  /** absent: an empty folder */
  content?: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** The bytes of one file, or a folder. */
export type AddSource =
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>
  | { readonly folder: AsyncIterable<FolderEntry> | Iterable<FolderEntry> }

export interface AddOptions {
  signal?: AbortSignal
  /** bound on the bytes of all blocks; above it `no-space`, and nothing of it is kept */
  bytesMax?: number
  /** bytes of blocks written so far */
  onProgress?(bytes: number): void
}

export interface GetOptions {
  sources: readonly string[]
  signal: AbortSignal
}

export interface ContentEntry {
  /** '' for the root, else names joined by '/': never absolute, never with '.' or '..' */
  path: string
  kind: 'file' | 'folder'
  /** bytes of the file; 0 for a folder */
  size: number
  /** only of a file; may be read later, until the signal aborts */
  content?: AsyncIterable<Uint8Array>
}

export interface Content {
  start(): Promise<void>
  /** Aborts what runs, waits for it, closes. */
  stop(): Promise<void>

  /**
   * Fetches and verifies the whole DAG (mode direct: the one block), makes it durable, records the pin, then resolves.
   * What is already there is not fetched again. After `unreachable` or `aborted` what came is kept for the next try:
   * release() drops it. After `limit`, `bad-dag`, `no-space` nothing is kept. A pin of the other mode is replaced.
   */
  acquire(cid: string, options: AcquireOptions): Promise<{ bytes: number }>

  /**
   * Forgets the pin (or what an unfinished acquire kept) and deletes the blocks that no other pin, acquisition or add
   * needs. Aborts an acquire of the same CID that is running. Resolves too when nothing was there.
   */
  release(cid: string): Promise<void>

  pinned(cid: string): Promise<{ mode: PinMode; bytes: number } | undefined>
  pins(): AsyncIterable<Pin>

  /** usedBytes: of all blocks on disk, pinned or not. */
  space(): Promise<{ usedBytes: number }>

  /** A cheap look whether the back end is well; `back-end` when not. */
  probe(): Promise<void>

  /**
   * UnixFS, CIDv1, raw leaves, 1 MiB chunks, 1,024 links a node: the same bytes give the same CID. Durable and pinned
   * (recursive) when it resolves.
   */
  add(source: AddSource, options?: AddOptions): Promise<{ cid: string; bytes: number }>

  /** Reads a file or a folder from local blocks, else from sources (verified), pinning and keeping nothing. */
  get(cid: string, options: GetOptions): AsyncIterable<ContentEntry>
}
