// Where the bytes of large blocks lie, by name, and its memory form.

export interface Files {
  open(): Promise<void>
  /** The file under its name is whole or absent, whenever the power goes; that it is there at all is sure after sync(). */
  write(name: string, bytes: Uint8Array): Promise<void>
  read(name: string): Promise<Uint8Array | undefined>
  remove(name: string): Promise<void>
  /** Returns when every write that resolved before the call survives power loss. */
  sync(): Promise<void>
  /** Every file there is, with its size, in no order. */
  list(): AsyncIterable<{ name: string; size: number }>
  /** Rejects when the folder is gone or cannot be read. */
  probe(): Promise<void>
}

export class MemoryFiles implements Files {
  readonly #files = new Map<string, Uint8Array>()

  async open(): Promise<void> {}

  async write(name: string, bytes: Uint8Array): Promise<void> {
    this.#files.set(name, bytes.slice())
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return this.#files.get(name)
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(name)
  }

  async sync(): Promise<void> {}

  async *list(): AsyncGenerator<{ name: string; size: number }> {
    for (const [name, bytes] of this.#files) yield { name, size: bytes.length }
  }

  async probe(): Promise<void> {}
}
