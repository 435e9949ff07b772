/**
 * Reading the rows of table `pin`, by which a listing streams from the store without passing through the core.
 */
import { Reader } from '../bytes/reader.ts'
import { toText } from '../bytes/compare.ts'
import type { KeyValue } from '../events.ts'
import { decodeRegister, type PinRegister } from '../formats/register.ts'

export interface ListedPin {
  readonly key: Uint8Array
  readonly slot: string
  /** id of the writer whose wish stands */
  readonly writer: number
  readonly register: PinRegister
}

/** Undefined for a row that is no pin. */
export function readPinRow(row: KeyValue): ListedPin | undefined {
  const from = new Reader(row.value)
  const writer = from.u32()
  const register = decodeRegister(from.raw(from.left))
  if (register.op !== 'pin') return undefined
  return { key: row.key.subarray(0, 32), slot: toText(row.key.subarray(32)), writer, register }
}
