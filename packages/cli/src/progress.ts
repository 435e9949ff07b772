// A bar on stderr while bytes move, ten times a second at most; nothing where nobody watches.

import type { Output } from './output.ts'
import { bytesText } from './text/bytes.ts'

const drawEveryMs = 100
const barCells = 24

export class Progress {
  readonly #out: Output
  readonly #label: string
  #total: number | undefined
  #drawnAt = -Infinity

  /** `total` in bytes, where it is known. */
  constructor(out: Output, label: string, total?: number) {
    this.#out = out
    this.#label = label
    this.#total = total
  }

  /** Tells the total once it is known. */
  expect(total: number): void {
    this.#total = total
  }

  update(bytes: number): void {
    const now = performance.now()
    if (!this.#out.lively || now - this.#drawnAt < drawEveryMs) return
    this.#drawnAt = now
    this.#out.draw(progressText(this.#label, bytes, this.#total))
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#drawnAt !== -Infinity) this.#out.draw('')
  }
}

export function progressText(label: string, bytes: number, total: number | undefined): string {
  if (total === undefined || total === 0) return `${label}  ${bytesText(bytes)}`
  const share = Math.min(1, bytes / total)
  const filled = Math.round(share * barCells)
  const bar = '█'.repeat(filled) + '░'.repeat(barCells - filled)
  return `${label}  ${bar} ${Math.floor(share * 100)} %  ${bytesText(bytes)} of ${bytesText(total)}`
}
