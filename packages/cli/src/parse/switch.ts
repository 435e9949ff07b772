// What is on or off.

import { badValue } from './refuse.ts'

/** MESH_BAD_VALUE. */
export function parseSwitch(text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on'
  throw badValue('on or off', text, 'Give on or off.')
}
