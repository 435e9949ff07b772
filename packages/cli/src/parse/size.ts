// Sizes as people write them: 50GB, 1.5 TB, 512MiB, or a plain number of bytes. Units are decimal without the i, as on
// the labels of disks; upper and lower case are alike.

import { badValue } from './refuse.ts'

const powers = ['', 'k', 'm', 'g', 't', 'p']
const form = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)(b?)$/

/** Whole bytes, at least one. MESH_BAD_VALUE. */
export function parseSize(text: string): number {
  const [, number, power = '', binary, unit] = form.exec(text.trim().toLowerCase()) ?? []
  const lone = binary === 'i' && (power === '' || unit === '')
  const bytes = Math.round(Number(number) * (binary === 'i' ? 1024 : 1000) ** powers.indexOf(power))
  if (number === undefined || lone || !Number.isSafeInteger(bytes) || bytes < 1) {
    throw badValue('a size', text, 'Give a number with its unit, such as 50GB or 512MiB.')
  }
  return bytes
}
