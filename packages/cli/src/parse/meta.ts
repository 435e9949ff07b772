// Metadata of a pin: key=value, given as often as there are keys.

import { badValue } from './refuse.ts'

/** As much as a pin may carry, in bytes. */
export const metaBytesMax = 512

/** One more pair. MESH_BAD_VALUE: not a pair, a key twice, too much in all. */
export function addMeta(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=')
  const key = text.slice(0, at)
  if (at < 1) throw badValue('a pair of key and value', text, 'Give --meta key=value, once for each key.')
  if (Object.hasOwn(before, key)) throw badValue('a new key', key, 'Give each key of --meta once.')
  const meta = { ...before, [key]: text.slice(at + 1) }
  if (Object.entries(meta).reduce((sum, [name, value]) => sum + Buffer.byteLength(name + value), 0) > metaBytesMax) {
    throw badValue('metadata that fits', text, `All keys and values together may hold ${metaBytesMax} bytes.`)
  }
  return meta
}
