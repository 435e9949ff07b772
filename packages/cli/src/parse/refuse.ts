// How the door says no: every value that a person types is parsed in one small file each, and what does not fit ends in
// one sentence with an example of what would.

import { MeshError } from '@pinmesh/node/mesh-error'

/** MESH_BAD_VALUE, exit code 1. */
export function badValue(what: string, given: string, remedy: string): MeshError {
  return new MeshError('MESH_BAD_VALUE', `"${shown(given)}" is not ${what}.`, { exit: 1, remedy })
}

/** MESH_USAGE, exit code 1. */
export function usage(message: string, remedy = 'See `mesh --help`.'): MeshError {
  return new MeshError('MESH_USAGE', message, { exit: 1, remedy })
}

/** Input as it may stand in a message: short, and without control characters. */
export function shown(given: string): string {
  const text = given.replace(/\p{C}/gu, '?')
  return text.length > 100 ? `${text.slice(0, 99)}…` : text
}
