/**
 * Content that has just come in and whose pin is not written yet. Between the two nothing in the journal speaks for it, so
 * a deletion of the same CID that is due just then is put off, and one that has begun is waited for.
 */
export interface Arrival {
  /** From now on nothing deletes it. Call before it can be listed as there. */
  add(cid: string): void
  /** Every deletion of it that had begun before is over. */
  undisturbed(): Promise<void>
  end(): void
}

export class Arrivals {
  readonly #arriving = new Map<string, number>()
  readonly #deleting = new Map<string, Promise<void>>()

  begin(): Arrival {
    const cids = new Set<string>()
    return {
      add: (cid) => {
        if (cids.has(cid)) return
        cids.add(cid)
        this.#arriving.set(cid, (this.#arriving.get(cid) ?? 0) + 1)
      },
      undisturbed: async () => {
        // How it ends is for whoever deletes.
        for (const cid of cids) await this.#deleting.get(cid)?.catch(() => {})
      },
      end: () => {
        for (const cid of cids) this.#leave(cid)
        cids.clear()
      }
    }
  }

  /** Runs the deletion of a CID; false, and nothing is run, if it is arriving. */
  async deleted(cid: string, work: () => Promise<void>): Promise<boolean> {
    if (this.#arriving.has(cid)) return false
    const deletion = work()
    this.#deleting.set(cid, deletion)
    try {
      await deletion
    } finally {
      if (this.#deleting.get(cid) === deletion) this.#deleting.delete(cid)
    }
    return true
  }

  #leave(cid: string): void {
    const count = this.#arriving.get(cid) ?? 0
    if (count > 1) this.#arriving.set(cid, count - 1)
    else this.#arriving.delete(cid)
  }
}
