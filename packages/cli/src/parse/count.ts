// Numbers of copies and of holders.

import { badValue } from './refuse.ts'

export const countMax = 65_535

/** A whole number from 1 on. MESH_BAD_VALUE. */
export function parseCount(text: string): number {
  const count = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > countMax)
    throw badValue('a number of copies', text, `Give a whole number from 1 to ${countMax}.`)
  return count
}

/** As `parseCount`, or 0. */
export function parseCountOrNone(text: string): number {
  return text === '0' ? 0 : parseCount(text)
}

/** As `parseCount`; `all` is 0: on every peer. */
export function parseCopies(text: string): number {
  return text === 'all' ? 0 : parseCount(text)
}
