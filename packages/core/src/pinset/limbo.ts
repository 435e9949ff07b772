/**
 * Pins that lost their standing with their writer, and those that would. Both are read from the logs, which stay on disk:
 * what a pin asked for is all still there, so that the owner can take it over as it was.
 */
import type { PinRegister, Register } from '../formats/register.ts'
import type { Leaf } from './leaf.ts'

export interface LimboPin {
  readonly mapKey: string
  readonly register: PinRegister
  readonly writer: number
}

/** Pins that would be wanted if these writers, which were removed, were not. */
export function* limboOf(leaf: Leaf, inLimbo: (writer: number) => boolean): Iterable<LimboPin> {
  const best = new Map<string, LimboPin>()
  for (const log of leaf.logs()) {
    const { writer } = log.id
    if (!inLimbo(writer)) continue
    for (const [mapKey, register] of log.registers()) {
      const other = best.get(mapKey)
      if (register.op === 'pin' && (other === undefined || later(register, writer, other.register, other.writer)))
        best.set(mapKey, { mapKey, register, writer })
    }
  }
  for (const [mapKey, pin] of [...best].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const standing = winnerOf(leaf, mapKey)
    if (standing === undefined || later(pin.register, pin.writer, standing.register, standing.writer)) yield pin
  }
}

/** What of this leaf is as this writer wants it, unpins too: with the writer it would go. */
export function* wishesOf(
  leaf: Leaf,
  writer: number
): Iterable<{ readonly mapKey: string; readonly register: Register }> {
  for (const log of leaf.logs()) {
    if (log.id.writer !== writer) continue
    for (const [mapKey, register] of log.registers()) {
      if (winnerOf(leaf, mapKey)?.writer === writer) yield { mapKey, register }
    }
  }
}

/** The register that counts under a map key, pin or unpin. */
export function winnerOf(leaf: Leaf, mapKey: string): { register: Register; writer: number } | undefined {
  let best: { register: Register; writer: number } | undefined
  for (const { log, register } of leaf.registers(mapKey)) {
    const { writer } = log.id
    if (best === undefined || later(register, writer, best.register, best.writer)) best = { register, writer }
  }
  return best
}

function later(a: Register, writerA: number, b: Register, writerB: number): boolean {
  return a.lamport > b.lamport || (a.lamport === b.lamport && writerA > writerB)
}
