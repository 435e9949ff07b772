/**
 * What happened, in order, as one number: every event and effect of every peer is folded into it, so two runs of one seed
 * can be compared at a glance. On request the lines themselves go to a listener.
 */
export class Trace {
  #a = 0x811c9dc5
  #b = 0x9747b28c
  /** events and effects so far */
  count = 0
  listener: ((line: string) => void) | undefined

  /** Folds in one event or effect. */
  add(at: number, who: number, what: Readonly<Record<string, unknown>>): void {
    this.count++
    this.#number(at)
    this.#number(who)
    this.#value(what)
    this.listener?.(`${(at / 1000).toFixed(3).padStart(8)} ${who < 0 ? '  ' : `p${who}`} ${lineOf(what)}`)
  }

  /** Something about the world itself: a fault, a phase. */
  tell(at: number, text: string): void {
    this.add(at, -1, { kind: text })
  }

  get hash(): string {
    return (this.#a >>> 0).toString(16).padStart(8, '0') + (this.#b >>> 0).toString(16).padStart(8, '0')
  }

  #word(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x01000193)
    this.#b = Math.imul(((this.#b << 13) | (this.#b >>> 19)) ^ word, 0x5bd1e995)
  }

  #number(value: number): void {
    this.#word(Math.floor(value))
    this.#word(Math.floor((value % 1) * 1e6))
    if (value > 2 ** 32) this.#word(Math.floor(value / 2 ** 32))
  }

  #value(value: unknown): void {
    if (typeof value === 'number') this.#number(value)
    else if (typeof value === 'string') for (let n = 0; n < value.length; n++) this.#word(value.charCodeAt(n))
    else if (value instanceof Uint8Array) for (const byte of value) this.#word(byte)
    else if (typeof value === 'boolean') this.#word(value ? 1 : 2)
    else if (Array.isArray(value)) for (const part of value) this.#value(part)
    else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) this.#value(part)
    else this.#word(3)
  }
}

const quiet = new Set(['kind', 'bytes', 'frame', 'rows', 'entries', 'holds', 'facts', 'meta', 'leaves', 'holdBuckets'])

function lineOf(what: Readonly<Record<string, unknown>>): string {
  const parts = [String(what['kind'])]
  for (const [name, value] of Object.entries(what)) {
    if (name === 'bytes' && typeof value === 'number') parts.push(`bytes=${value}`)
    if (quiet.has(name)) {
      if (value instanceof Uint8Array || Array.isArray(value)) parts.push(`${name}:${value.length}`)
      continue
    }
    parts.push(`${name}=${JSON.stringify(value)}`)
  }
  return parts.join(' ').replaceAll(/12D3KooW\w{36}(\w{8})/g, '…$1')
}
