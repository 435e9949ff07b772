// mesh service: has systemd run the peer of this home, from the start of the machine or of the user's session on.

import { existsSync } from 'node:fs'
import { mkdir, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MeshError } from '@pinmesh/node/mesh-error'
import { replaceFile } from '@pinmesh/node/replace-file'
import type { Exit } from '../failure.ts'
import { needHome } from '../home.ts'
import { Systemd } from '../service/systemd.ts'
import { unitText } from '../service/unit.ts'
import { Session } from '../session.ts'
import { table } from '../text/table.ts'

interface ServiceOptions {
  /** Of the machine, not of the user. */
  system?: boolean
  /** The unit, without .service. */
  name: string
  dryRun?: boolean
}

export async function installService(session: Session, options: ServiceOptions): Promise<Exit> {
  session.hereOnly('service')
  needHome(session.home)
  const { out, world, home } = session
  const systemd = systemdOf(session, options)
  const { unit, file } = systemd
  const user = options.system === true ? { user: String((await stat(home)).uid) } : {}
  const text = unitText({ command: world.command, home, ...user, flags: session.insecure ? ['--insecure'] : [] })
  if (options.dryRun === true) {
    await out.result({ unit, file, text }, text.trimEnd())
    return 0
  }
  await systemd.check()
  const isActive = (await systemd.state()).active === 'active'
  if (!isActive && (await answers(session))) throw busy(home)
  await write(file, text)
  await systemd.call('daemon-reload')
  await systemd.call('enable', unit)
  await systemd.call('restart', unit)
  await out.result({ unit, file, installed: true }, out.quiet ? unit : `${unit} runs the peer of ${home} (${file}).`)
  if (options.system !== true) out.talk('It ends with your last session unless you run  loginctl enable-linger')
  if (world.command.some((word) => word.includes('/_npx/')))
    out.talk('npx may remove this command: install it with npm, then do this again.')
  return 0
}

export async function uninstallService(session: Session, options: ServiceOptions): Promise<Exit> {
  session.hereOnly('service')
  const systemd = installed(session, options)
  const { unit, file } = systemd
  await systemd.check()
  await systemd.call('disable', '--now', unit)
  try {
    await rm(file, { force: true })
  } catch (error) {
    throw denied(file, error)
  }
  await systemd.call('daemon-reload')
  const { out, home } = session
  await out.result({ unit, installed: false }, out.quiet ? unit : `${unit} is gone; the home ${home} is as it was.`)
  return 0
}

export async function serviceStatus(session: Session, options: ServiceOptions): Promise<Exit> {
  session.hereOnly('service')
  const systemd = installed(session, options)
  await systemd.check()
  const { unit, file } = systemd
  const state = await systemd.state()
  const lines = table([
    ['unit', unit],
    ['file', file],
    ['state', state.pid > 0 ? `${state.active}, process ${state.pid}` : state.active],
    ['at start', state.enabled]
  ])
  await session.out.result({ unit, file, ...state }, session.out.quiet ? state.active : lines.join('\n'))
  return 0
}

function systemdOf({ world }: Session, { name, system }: ServiceOptions): Systemd {
  return new Systemd(world, name, system === true)
}

/** MESH_SERVICE_MISSING. */
function installed(session: Session, options: ServiceOptions): Systemd {
  const systemd = systemdOf(session, options)
  if (existsSync(systemd.file)) return systemd
  throw new MeshError('MESH_SERVICE_MISSING', `There is no service ${systemd.unit} (${systemd.file}).`, {
    remedy: 'Make it with `mesh service install`; one of the machine is meant with --system.'
  })
}

/** A peer runs on the home, whoever started it. */
async function answers({ world, home }: Session): Promise<boolean> {
  try {
    await new Session(world, { home }).ask(async (client) => client.info())
    return true
  } catch {
    return false
  }
}

async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await replaceFile(file, text, 0o644)
  } catch (error) {
    throw denied(file, error)
  }
}

function denied(file: string, cause: unknown): MeshError {
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException
  return new MeshError('MESH_SERVICE_DENIED', `${file} cannot be changed (${code}).`, {
    remedy: 'A service of the machine (--system) needs root: try it with sudo.',
    cause
  })
}

function busy(home: string): MeshError {
  return new MeshError('MESH_HOME_BUSY', `A peer runs on the home ${home} already.`, {
    remedy: 'Stop it, so that the service can start its own.'
  })
}
