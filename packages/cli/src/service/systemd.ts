// systemctl, and where its unit files are: of the user, or of the machine.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { MeshError } from '@pinmesh/node/mesh-error'
import type { World } from '../world.ts'

export interface ServiceState {
  /** active, inactive, failed, activating … */
  active: string
  /** enabled, disabled, … */
  enabled: string
  /** 0 while it does not run. */
  pid: number
}

export class Systemd {
  readonly unit: string
  readonly file: string
  readonly #scope: readonly string[]
  readonly #env: World['env']

  constructor(world: Pick<World, 'env' | 'userFolder'>, name: string, asSystem: boolean) {
    const { env, userFolder } = world
    const config = (env.XDG_CONFIG_HOME ?? '') === '' ? join(userFolder, '.config') : env.XDG_CONFIG_HOME!
    this.unit = `${name}.service`
    this.file = join(asSystem ? '/etc/systemd/system' : join(config, 'systemd/user'), this.unit)
    this.#scope = asSystem ? [] : ['--user']
    this.#env = env
  }

  /** MESH_NO_SYSTEMD: there is none here, or none for this user. */
  async check(): Promise<void> {
    const { code, err } = await this.#run(['show', '--property=Version'])
    if (code === 0) return
    const why = code === 'ENOENT' ? 'systemctl is not installed' : firstLine(err)
    throw new MeshError('MESH_NO_SYSTEMD', `There is no systemd to ask here (${why}).`, {
      remedy:
        this.#scope.length === 0
          ? 'Print the unit with --dry-run, or have something else run `mesh start`.'
          : 'Log in as that user, try --system as root, or print the unit with --dry-run.'
    })
  }

  /** MESH_SERVICE_FAILED. */
  async call(...words: string[]): Promise<void> {
    const { code, err } = await this.#run(words)
    if (code === 0) return
    throw new MeshError('MESH_SERVICE_FAILED', `systemctl ${words.join(' ')} failed: ${firstLine(err)}`, {
      remedy: `See \`journalctl ${[...this.#scope, '-u', this.unit].join(' ')}\`.`
    })
  }

  async state(): Promise<ServiceState> {
    const { out } = await this.#run(['show', '--property=ActiveState,UnitFileState,MainPID', this.unit])
    const field = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(out)?.[1] || 'unknown'
    return {
      active: field('ActiveState'),
      enabled: field('UnitFileState'),
      pid: Number(field('MainPID')) || 0
    }
  }

  async #run(words: readonly string[]): Promise<{ code: number | string; out: string; err: string }> {
    return new Promise((resolve) => {
      const options = { env: { ...this.#env }, timeout: 60_000 }
      execFile('systemctl', [...this.#scope, ...words], options, (error, out, err) => {
        resolve({ code: error === null ? 0 : (error.code ?? 'ended'), out, err })
      })
    })
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] || 'no reason was given'
}
