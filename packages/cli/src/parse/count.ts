// Numbers of copies, of holders, and of whatever else is counted.

import { badValue } from './refuse.ts'

export const countMax = 65_535

/** A whole number from 1 on. MESH_BAD_VALUE. */
export function parseCount(text: string): number {
  return parseFrom(1, text)
}

/** As `parseCount`, or 0. */
export function parseCountOrNone(text: string): number {
  return parseFrom(0, text)
}

/** As `parseCount`; `all` is 0: on every peer. */
export function parseCopies(text: string): number {
  return text === 'all' ? 0 : parseFrom(1, text, ', or all for every peer')
}

function parseFrom(least: number, text: string, or = ''): number {
  const count = /^\d{1,5}$/.test(text) ? Number(text) : -1
  if (count < least || count > countMax) {
    throw badValue('a number that fits here', text, `Give a whole number from ${least} to ${countMax}${or}.`)
  }
  return count
}
