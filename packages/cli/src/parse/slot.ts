// Slots: names of requests for one CID that stand side by side.

import { badValue } from './refuse.ts'

const form = /^[A-Za-z0-9_-]{1,16}$/

/** MESH_BAD_VALUE. */
export function parseSlot(text: string): string {
  if (!form.test(text)) throw badValue('a slot', text, 'Give 1 to 16 of the characters A-Z a-z 0-9 _ -.')
  return text
}
