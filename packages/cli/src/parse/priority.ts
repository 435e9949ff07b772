// What is fetched first: a word, or a number for whoever needs finer steps.

import { badValue } from './refuse.ts'

const words = new Map([
  ['low', 64],
  ['normal', 128],
  ['high', 192]
])
const max = 255

/** 0..255, larger is sooner. MESH_BAD_VALUE. */
export function parsePriority(text: string): number {
  const priority = words.get(text) ?? (/^\d{1,3}$/.test(text) ? Number(text) : Infinity)
  if (priority > max) throw badValue('a priority', text, `Give low, normal, high, or a number from 0 to ${max}.`)
  return priority
}
