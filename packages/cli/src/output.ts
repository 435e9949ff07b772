// The two streams and what belongs on each: results on stdout (with --json one object a line), talk and errors on
// stderr. An error is a sentence, its code, and what to do about it; with --json it stands on stdout too.

import type { MeshError } from '@pinmesh/node/mesh-error'
import { clean } from './text/table.ts'
import type { Terminal } from './world.ts'

export interface OutputInit {
  stdout: Terminal
  stderr: Terminal
  json: boolean
  quiet: boolean
  /** Ends the wait for a reader. */
  signal?: AbortSignal
}

export class Output {
  readonly json: boolean
  readonly quiet: boolean
  readonly #stdout: Terminal
  readonly #stderr: Terminal
  readonly #signal: AbortSignal | undefined

  constructor(init: OutputInit) {
    this.json = init.json
    this.quiet = init.quiet
    this.#stdout = init.stdout
    this.#stderr = init.stderr
    this.#signal = init.signal
  }

  /** Somebody watches stderr, and wants to. */
  get lively(): boolean {
    return this.#stderr.isTTY === true && !this.quiet && !this.json
  }

  get columns(): number {
    return this.#stderr.columns || 80 // a terminal may say 0 where it does not know
  }

  /** One result: the object, or the text. Resolves when the reader keeps up; rejects with the signal's reason. */
  async result(object: object, text: string): Promise<void> {
    return this.results([object], () => text)
  }

  /** Many at once, in one write. */
  async results<T extends object>(objects: readonly T[], textOf: (object: T) => string): Promise<void> {
    if (objects.length === 0) return
    const lines = objects.map((object) => (this.json ? JSON.stringify(object) : textOf(object)))
    return this.#write(`${lines.join('\n')}\n`)
  }

  /** Bytes as they are. */
  async bytes(bytes: Uint8Array): Promise<void> {
    return this.#write(bytes)
  }

  /** For the person in front of it; not with -q. */
  talk(text: string): void {
    if (!this.quiet) this.#stderr.write(`${text}\n`)
  }

  /** A line that the next one replaces; only where `lively`. */
  draw(text: string): void {
    if (this.lively) this.#stderr.write(`\r${text.slice(0, this.columns - 1)}\u001b[K`)
  }

  /** An error beside results, such as one refused pin of many; `about` which of them, if it does not say so itself. */
  complain(error: MeshError, about = ''): void {
    this.#stderr.write(complaint(error, error.message.includes(about) ? '' : `${clean(about)}: `))
  }

  /** The error that ends the command. */
  fail(error: MeshError): void {
    this.complain(error)
    if (this.json) this.#stdout.write(`${JSON.stringify({ error: errorObject(error) })}\n`)
  }

  async #write(what: string | Uint8Array): Promise<void> {
    if (this.#stdout.write(what)) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#stdout.off('drain', done).off('close', done)
        this.#signal?.removeEventListener('abort', done)
        resolve()
      }
      this.#stdout.on('drain', done).on('close', done)
      this.#signal?.addEventListener('abort', done)
      if (this.#signal?.aborted) done()
    })
    this.#signal?.throwIfAborted()
  }
}

export function errorObject({ code, message, remedy }: MeshError): { code: string; message: string; remedy?: string } {
  return remedy === undefined ? { code, message } : { code, message, remedy }
}

function complaint({ code, message, remedy }: MeshError, about = ''): string {
  return `mesh: ${about}${message} (${code})\n${remedy === undefined ? '' : `  ${remedy}\n`}`
}
