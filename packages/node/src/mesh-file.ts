/**
 * mesh.json of a home: which mesh its peer is in, and what belongs to the home besides. People restore such files from backups, copy
 * them and edit them, so each field is looked at before anything is built on it.
 */
import { decodeCharter, fromHex } from '@pinmesh/core'

export interface KuboPlace {
  /** multiaddr of its RPC API */
  readonly api: string
  /** its peer id */
  readonly peer: string
}

export interface MeshFile {
  readonly version: 1
  /** encoded charter, hex */
  readonly charter: string
  /** the peer whose home this is; absent in homes that were made before it was noted */
  readonly peer?: string
  readonly spaceBytes: number
  /** addresses of peers through which the mesh was found */
  readonly bootstrap: readonly string[]
  /** what holds the content; absent: the embedded store of this home */
  readonly kubo?: KuboPlace
  /** this peer has left the mesh */
  readonly left?: boolean
}

/** Throws an Error whose message says what is wrong with the text. */
export function parseMeshFile(text: string): MeshFile {
  const file = objectIn(text)
  if (typeof file !== 'object' || file === null) throw new Error('it is no object')
  if (file.version !== 1) throw new Error(`its version is ${JSON.stringify(file.version)}, where 1 is known`)
  if (typeof file.charter !== 'string') throw new Error('it has no charter')
  decodeCharter(fromHex(file.charter))
  if (!isOptional(file.peer, 'string')) throw new Error('its peer is no text')
  if (!Number.isSafeInteger(file.spaceBytes) || (file.spaceBytes as number) < 0)
    throw new Error('its spaceBytes are no number of bytes')
  const { bootstrap } = file
  if (!Array.isArray(bootstrap) || bootstrap.some((one) => typeof one !== 'string'))
    throw new Error('its bootstrap is no list of addresses')
  const kubo = file.kubo as Partial<KuboPlace> | null | undefined
  if (kubo !== undefined && (typeof kubo?.api !== 'string' || typeof kubo.peer !== 'string'))
    throw new Error('its kubo has no api and peer')
  if (!isOptional(file.left, 'boolean')) throw new Error('its left is neither true nor false')
  return file as unknown as MeshFile
}

/** The parser's own words would show the text, over as many lines as it has. */
function objectIn(text: string): Record<keyof MeshFile, unknown> | null {
  try {
    return JSON.parse(text) as Record<keyof MeshFile, unknown> | null
  } catch (cause) {
    throw new Error('it is no JSON', { cause })
  }
}

function isOptional(value: unknown, type: 'string' | 'boolean'): boolean {
  return value === undefined || typeof value === type
}
