// The port: what the mesh asks of whatever holds content. CIDs are text; answers are always CIDv1 in base32. Every
// method rejects with ContentError only.
//
// A back end may be shared with others (a Kubo). Then "deleted" and "nothing is kept" mean that we ask for nothing any
// more to be kept: its own collection takes the blocks, and what others want stays.

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
  /** multiaddrs of peers outside the mesh said to have it; asked when no member gives it. Default: none. */
  origins?: readonly string[]
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
  /** bound on the bytes of the blocks that were not here before; above it `no-space`, and nothing of it is kept */
  bytesMax?: number
  /** How files are cut: `size-<bytes>` or `rabin-<min>-<avg>-<max>`, else `refused`. Default: size-1048576. */
  chunker?: string
  /** Called for each CID before its pin is recorded, so before pins() can list it. */
  onRoot?(cid: string): void
  /** bytes of blocks written so far */
  onProgress?(bytes: number): void
}

/** What an add or one root of a CAR became. */
export interface Imported {
  cid: string
  /** of its distinct blocks */
  bytes: number
}

export interface GetOptions {
  sources: readonly string[]
  signal: AbortSignal
}

/** An entry of a listing, and a byte of its content. */
export interface Place {
  /** as in ContentEntry */
  path: string
  /** Bytes of the entry, if it is a file, that are left out. */
  offset: number
}

export interface ListOptions extends GetOptions {
  /** The listing begins there: nothing before it is read. Default: its beginning. */
  from?: Place | undefined
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
  /** Starts too while a back end that is another program is away: what needs it rejects with `back-end` meanwhile. */
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
  /** CIDs whose acquire did not get to its end and left something for the next try. */
  unfinished(): AsyncIterable<string>

  /**
   * Deletes the blocks that no pin, acquisition or add needs: a failed deletion may have left some. A back end that
   * others use too leaves that to its own collection.
   */
  collect(signal: AbortSignal): Promise<void>

  /**
   * usedBytes: what this content takes of the budget, never less than its pins need: all blocks on disk, pinned or not;
   * on a shared back end its pins, where blocks that several need may count for each.
   */
  space(): Promise<{ usedBytes: number }>

  /** A cheap look whether the back end is well; `back-end` when not. */
  probe(): Promise<void>

  /**
   * UnixFS, CIDv1, raw leaves, 1 MiB chunks unless told, 1,024 links a node: the same bytes give the same CID. Durable
   * and pinned (recursive) when it resolves.
   */
  add(source: AddSource, options?: AddOptions): Promise<Imported>

  /**
   * Takes a CAR (version 1 or 2) and pins each of its roots, in their order: durable when it resolves. Every block is
   * checked, nothing is fetched. `bad-dag` for what is cut short, false, or lacks blocks that are not here either; then,
   * and after `no-space` and `aborted`, nothing of it is kept. Blocks below no root are not kept.
   */
  importCar(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options?: AddOptions): Promise<Imported[]>

  /**
   * Reads a file or a folder from local blocks, else from sources (verified), pinning and keeping nothing: parents before
   * children, always in the same order. `refused` if there is no such place to begin at.
   */
  get(cid: string, options: ListOptions): AsyncIterable<ContentEntry>

  /** Reads a DAG likewise, as a CAR (version 1): depth first, each block once, the same bytes everywhere. */
  exportCar(cid: string, options: GetOptions): AsyncIterable<Uint8Array>

  /** The CID below a folder, names joined by '/'; undefined when there is nothing. Reads as get() does. */
  resolve(cid: string, path: string, options: GetOptions): Promise<string | undefined>
}
