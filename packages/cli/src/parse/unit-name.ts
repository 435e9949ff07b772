// The name of a systemd unit, without its suffix.

import { badValue } from './refuse.ts'

/** MESH_BAD_VALUE. */
export function parseUnitName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(text)) return text
  throw badValue('a name for a service', text, 'Use 1 to 64 letters, digits, dashes or underscores.')
}
