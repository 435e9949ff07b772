// What can be seen of a home from outside: its files and who may read them, its settings, the disk under it.

import { randomBytes } from 'node:crypto'
import { open, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { readToken } from '@pinmesh/api/client'
import { Tokens } from '@pinmesh/api/tokens'
import { MeshError } from '@pinmesh/node/mesh-error'
import { readConfigFile } from '../config-file.ts'
import { tokenFileOf, tokensFileOf } from '../home.ts'
import type { Session } from '../session.ts'
import { settle } from '../settings-of.ts'
import { bytesText } from '../text/bytes.ts'
import type { World } from '../world.ts'
import { type Check, fail, ok, refused, warn } from './check.ts'

const secrets = ['identity.key', 'root.key', 'api.token', 'tokens.json', 'config.json', 'mesh.json']
const freeBytesMin = 100e6
const freeShareMin = 0.05
const trialBytes: number = 1 << 20
const trialSlowMs = 1000

/** Kinds of file systems by the number that Linux has for them, where they matter to a store. */
const fileSystems: Readonly<Record<number, { name: string; trouble?: string }>> = {
  0xef53: { name: 'ext4' },
  0x58465342: { name: 'xfs' },
  0x9123683e: { name: 'btrfs' },
  0x2fc12fc1: { name: 'zfs' },
  0x794c7630: { name: 'overlay' },
  0x01021994: { name: 'tmpfs', trouble: 'what stands there is gone after a restart of the machine' },
  0x6969: { name: 'nfs', trouble: 'locks and syncs do not always hold there' },
  0x517b: { name: 'smb', trouble: 'locks and syncs do not always hold there' },
  0xfe534d42: { name: 'smb2', trouble: 'locks and syncs do not always hold there' }
}

export async function homeChecks(home: string, env: World['env']): Promise<Check[]> {
  return [await checkFiles(home), await checkSettings(home, env), ...(await checkDisk(home))]
}

async function checkFiles(home: string): Promise<Check> {
  if (process.platform === 'win32') return ok('home', `${home} is there.`)
  const { mode, uid } = await stat(home)
  const exposed: string[] = (mode & 0o022) === 0 ? [] : ['the folder itself']
  for (const name of secrets) {
    const found = await stat(join(home, name)).catch(() => undefined)
    if (found !== undefined && (found.mode & 0o077) !== 0) exposed.push(name)
  }
  if (exposed.length > 0) {
    return fail('home', `Others may read or change ${exposed.join(', ')} in ${home}.`, `Run  chmod -R go= '${home}'`)
  }
  const other = process.getuid !== undefined && uid !== process.getuid()
  if (other) return warn('home', `${home} belongs to another user (${uid}).`, 'Run the peer as that user.')
  return ok('home', `${home} is its owner's alone.`)
}

async function checkSettings(home: string, env: World['env']): Promise<Check> {
  try {
    const { given } = settle({}, env, await readConfigFile(home))
    const tokens = await new Tokens(tokensFileOf(home)).ls()
    await readToken(tokenFileOf(home))
    return ok(
      'settings',
      `What is set (${given.size}) and the tokens that were given away (${tokens.length}) can be read.`
    )
  } catch (error) {
    return refused('settings', error, 'See `mesh config list`.')
  }
}

async function checkDisk(home: string): Promise<Check[]> {
  const { bavail, bsize, blocks, type } = await statfs(home)
  const [free, total] = [bavail * bsize, blocks * bsize]
  const { name, trouble } = fileSystems[type] ?? { name: `type 0x${type.toString(16)}` }
  const text = `${bytesText(free)} of ${bytesText(total)} are free (${name}).`
  const room = 'Make room, or move the home to another disk.'
  const space =
    free < freeBytesMin
      ? fail('disk', text, room)
      : free < total * freeShareMin
        ? warn('disk', text, room)
        : trouble === undefined
          ? ok('disk', text)
          : warn('disk', `${text.slice(0, -1)}: ${trouble}.`, 'Move the home to a disk of this machine.')
  return [space, await checkWriting(home)]
}

/** Others count on the whole budget. That of a Kubo may be on another disk, and what cannot be read is told elsewhere: no check then. */
export async function budgetChecks({ world, home }: Session): Promise<Check[]> {
  const { keptKubo, keptSpace } = await world.loadNode()
  try {
    if ((await keptKubo(home)) !== undefined) return []
    const [budget, { bsize, blocks }] = [await keptSpace(home), await statfs(home)]
    const text = `The budget is ${bytesText(budget)}, on a disk of ${bytesText(blocks * bsize)}.`
    const less = 'Others count on all of it: give less with `mesh config set space`.'
    return [budget <= blocks * bsize ? ok('budget', text) : warn('budget', text, less)]
  } catch (error) {
    if (error instanceof MeshError) return []
    throw error
  }
}

async function checkWriting(home: string): Promise<Check> {
  const path = join(home, `doctor.${randomBytes(4).toString('hex')}.tmp`)
  const start = performance.now()
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(randomBytes(trialBytes))
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    return fail('writing', `Nothing can be written to the home (${code}).`, 'Look at the disk and the permissions.')
  } finally {
    await rm(path, { force: true }).catch(() => {})
  }
  const ms = Math.max(1, Math.round(performance.now() - start))
  const text = `${bytesText(trialBytes)} were on the disk after ${ms} ms.`
  return ms < trialSlowMs ? ok('writing', text) : warn('writing', text, 'A pin waits that long: use a faster disk.')
}
