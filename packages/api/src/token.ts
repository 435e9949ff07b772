// The bearer token: whoever can read the file may drive the peer. Made once and reused, so that clients that are
// already running outlive a restart of the peer.

import { chmod, readFile } from 'node:fs/promises'
import { replaceFile } from '@pinmesh/node/replace-file'
import { MeshError } from './mesh.ts'

const tokenBytes = 32
export const tokenForm: RegExp = /^[A-Za-z0-9_-]{43}$/

/** The token in a file. Undefined if there is no such file; MESH_API_TOKEN_FILE if it holds anything else. */
export async function readToken(file: string): Promise<string | undefined> {
  let text: string
  try {
    text = (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw unusable(file, error)
  }
  if (!tokenForm.test(text)) throw unusable(file)
  return text
}

/** The token in a file, which is made (mode 0600) if need be. */
export async function readOrMakeToken(file: string): Promise<string> {
  const found = await readToken(file)
  if (found !== undefined) {
    await chmod(file, 0o600)
    return found
  }
  const { randomBytes } = await import('node:crypto') // a client that only reads starts without it
  const token = randomBytes(tokenBytes).toString('base64url')
  await replaceFile(file, `${token}\n`, 0o600)
  return token
}

function unusable(file: string, cause?: unknown): MeshError {
  const remedy = 'Remove the file and restart the peer: it makes a new one.'
  return new MeshError('MESH_API_TOKEN_FILE', `The file ${file} does not hold an API token.`, {
    exit: 1,
    remedy,
    cause
  })
}
