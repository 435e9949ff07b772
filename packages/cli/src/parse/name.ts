// Names of pins, meshes and zones: text, bounded in bytes.

import { badValue } from './refuse.ts'

export const pinNameBytesMax = 255
export const meshNameBytesMax = 64
export const zoneNameBytesMax = 32

/** MESH_BAD_VALUE. */
export function parsePinName(text: string): string {
  return parseName(text, pinNameBytesMax)
}

/** MESH_BAD_VALUE. */
export function parseMeshName(text: string): string {
  return parseName(text, meshNameBytesMax)
}

/** MESH_BAD_VALUE. */
export function parseZone(text: string): string {
  return parseName(text, zoneNameBytesMax)
}

function parseName(text: string, bytesMax: number): string {
  const bytes = Buffer.byteLength(text)
  if (bytes < 1 || bytes > bytesMax) throw badValue('a name', text, `Give from 1 to ${bytesMax} bytes.`)
  return text
}
