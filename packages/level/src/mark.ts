// How far a database has come, in a file beside its folder: the number of the last write that was durable, noted now and then.
// One that opens and has not come as far was cut short, emptied or put back from a backup, and looks sound by itself.

import { readFile, rename, rm, writeFile } from 'node:fs/promises'

const noteEveryMs = 1000

export class Mark {
  readonly #path: string
  #number: number
  #noted: number
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, number: number) {
    this.#path = path
    this.#number = number
    this.#noted = number
  }

  /** The mark of the database in this folder; 0 if there is none. */
  static async read(folder: string): Promise<Mark> {
    const path = `${folder}.mark`
    const text = await readFile(path, 'utf8').catch(() => '')
    return new Mark(path, /^\d{1,15}\n$/.test(text) ? Number(text) : 0)
  }

  /** Where the database has fallen behind and goes on from where it is. */
  async anew(): Promise<Mark> {
    await rm(this.#path, { force: true })
    return new Mark(this.#path, 0)
  }

  /** In words, that the database is not as far as it was; undefined where it is. `durable`: its last write that was. */
  behind(durable: number): string | undefined {
    if (durable >= this.#number) return undefined
    return `write ${this.#number} was made, and ${durable} is the last one there`
  }

  reached(number: number): void {
    this.#number = Math.max(this.#number, number)
    if (this.#number === this.#noted) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#writing = this.#note()
    }, noteEveryMs).unref()
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#writing
    await this.#note()
  }

  /** A full disk may refuse it: an older mark notices less, and never too much. */
  async #note(): Promise<void> {
    const number = this.#number
    if (number === this.#noted) return
    try {
      await writeFile(`${this.#path}.tmp`, `${number}\n`)
      await rename(`${this.#path}.tmp`, this.#path)
      this.#noted = number
    } catch {
      // the next write notes it
    }
  }
}
