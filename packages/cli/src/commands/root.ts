// mesh root: the owner's key, as a file that may travel to another peer of the mesh, or to a safe.

import { readFile, rm, writeFile } from 'node:fs/promises'
import { MeshError } from '@pinmesh/node/mesh-error'
import type { Exit } from '../failure.ts'
import { unreadable, unwritable } from '../files/file-error.ts'
import { readPassphrase } from '../passphrase.ts'
import type { Session } from '../session.ts'
import { type RemoveOptions, rootOptions, sure } from './trust.ts'

interface PassphraseOptions {
  passphraseFile?: string
}

export async function exportRoot(session: Session, path: string, options: PassphraseOptions): Promise<Exit> {
  session.hereOnly('root export')
  const { home, out, world } = session
  const passphrase = await readPassphrase(session, options.passphraseFile, true)
  const { exportRoot: seal } = await world.loadNode()
  const text = await seal({ home, passphrase })
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new MeshError('MESH_PATH_TAKEN', `There is something at ${path} already.`, {
        remedy: 'Choose another path.'
      })
    throw unwritable(path, error)
  }
  await out.result({ path }, `The root key is in ${path}, sealed by the passphrase.`)
  out.talk('Keep the two apart, and neither on this machine alone.')
  return 0
}

export async function importRoot(session: Session, path: string, options: PassphraseOptions): Promise<Exit> {
  session.hereOnly('root import')
  const { home, out, world } = session
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error)
  })
  const passphrase = await readPassphrase(session, options.passphraseFile, false)
  const { importRoot: open } = await world.loadNode()
  const { mesh, rootKeyFile, added } = await open({ home, passphrase, text })
  const running = await reload(session).catch(async (error: unknown) => {
    // One that signs nothing any more would only stand in the way of the next import.
    if (added && error instanceof MeshError && error.code === 'MESH_ROOT_OLD') await rm(rootKeyFile)
    throw error
  })
  await out.result({ mesh, rootKey: rootKeyFile, running }, `The root key of ${mesh} is on this peer now.`)
  if (!running) out.talk('The peer takes it up when it is started.')
  return 0
}

export async function rotateRoot(session: Session, options: RemoveOptions): Promise<Exit> {
  await sure(
    session,
    options,
    'Put a new root key in its place? Backups and other machines that have the old one will sign nothing.'
  )
  await session.ask(async (client) => client.trust.rotateRoot(rootOptions(options)))
  await session.out.result({ rotated: true }, 'A new root key is in force.')
  session.out.talk('Open invitations have ended. Back up the new key:  mesh root export <path>')
  return 0
}

/** Has the peer that runs on this home take it up; false if none runs. */
async function reload(session: Session): Promise<boolean> {
  try {
    await session.ask(async (client) => client.trust.reloadRoot())
    return true
  } catch (error) {
    if (error instanceof MeshError && error.code === 'MESH_NOT_RUNNING') return false
    throw error
  }
}
