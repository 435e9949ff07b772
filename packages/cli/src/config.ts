// The configuration of a home, for `mesh config`: what each setting is, where that comes from, and what will hold at the
// next start. While a peer runs it stands behind the API; without one it works on the files alone.

import type { ConfigChange, ConfigRow, MeshConfig } from '@pinmesh/api/client'
import { MeshError } from '@pinmesh/node/mesh-error'
import { parseListOf, readConfigFile, type SettingTexts, writeConfigFile } from './config-file.ts'
import { shown } from './parse/refuse.ts'
import { type Given, settle } from './settings-of.ts'
import { type Setting, type SettingName, settingOf, settings } from './settings.ts'
import type { World } from './world.ts'

/** The budget, which is not in config.json. */
export interface Space {
  /** bytes */
  get(): Promise<number>
  /** Resolves with the bytes that hold now; undefined is the default. */
  set(bytes: number | undefined): Promise<number>
}

export interface ConfigInit {
  readonly home: string
  readonly env: World['env']
  readonly space: Space
  /** The Kubo that the home keeps its content in, once it was told which; it is not in config.json either. */
  readonly kubo: () => Promise<string | undefined>
  /** What the running peer was started with; undefined: none runs. */
  readonly started?: ReadonlyMap<SettingName, Given>
}

export class Config implements MeshConfig {
  readonly #init: ConfigInit
  #turn: Promise<unknown> = Promise.resolve()

  constructor(init: ConfigInit) {
    this.#init = init
  }

  async ls(): Promise<ConfigRow[]> {
    const { home, env, started, space, kubo } = this.#init
    const next = settle({}, env, await readConfigFile(home)).given
    const bytes = await space.get()
    const kept = await kubo()
    return settings.map((setting) => {
      if (setting.name === 'space') return spaceRow(setting, bytes, started)
      const row = rowOf(setting, (started ?? next).get(setting.name), next)
      const isKept = setting.name === 'kubo' && row.value === undefined && kept !== undefined
      return isKept ? { ...row, value: kept, source: 'config' } : row
    })
  }

  async set(name: string, texts: readonly string[]): Promise<ConfigChange> {
    const setting = known(name)
    const value = parseListOf(setting, texts)
    return this.#change(setting, texts, value)
  }

  async unset(name: string): Promise<ConfigChange> {
    return this.#change(known(name), undefined, undefined)
  }

  async #change(setting: Setting, texts: readonly string[] | undefined, value: unknown): Promise<ConfigChange> {
    const { home, space, started } = this.#init
    if (setting.name === 'space') {
      const bytes = await space.set(value as number | undefined)
      return { name: 'space', value: bytes, applies: 'now' }
    }
    await this.#inTurn(async () => {
      const { [setting.name]: _before, ...others } = await readConfigFile(home)
      const all: SettingTexts = texts === undefined ? others : { ...others, [setting.name]: texts }
      await writeConfigFile(home, all)
    })
    const applies = started === undefined ? 'now' : 'start'
    return { name: setting.name, ...(texts === undefined ? {} : { value: valueOf(setting, texts) }), applies }
  }

  /** One change after the other, none lost. */
  async #inTurn(change: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(change, change)
    this.#turn = turn.catch(() => {})
    return turn
  }
}

function rowOf(setting: Setting, now: Given | undefined, next: ReadonlyMap<SettingName, Given>): ConfigRow {
  const { name, unit, why } = setting
  const later = next.get(name)
  const differs = now?.source !== 'flag' && String(now?.texts) !== String(later?.texts)
  return {
    name,
    ...(now === undefined ? {} : { value: valueOf(setting, now.texts) }),
    source: now?.source ?? 'default',
    ...(differs ? { next: later === undefined ? null : valueOf(setting, later.texts) } : {}),
    unit,
    default: setting.default,
    why
  }
}

function spaceRow(setting: Setting, bytes: number, started: ReadonlyMap<SettingName, Given> | undefined): ConfigRow {
  const { name, unit, why } = setting
  return { name, value: bytes, source: started?.get('space')?.source ?? 'config', unit, default: setting.default, why }
}

function valueOf(setting: Setting, texts: readonly string[]): string | string[] {
  return setting.many === true ? [...texts] : (texts[0] ?? '')
}

/** MESH_UNKNOWN_SETTING. */
function known(name: string): Setting {
  const found = settingOf(name)
  if (found === undefined) throw unknownSetting(name)
  return found
}

export function unknownSetting(name: string): MeshError {
  return new MeshError('MESH_UNKNOWN_SETTING', `There is no setting "${shown(name)}".`, {
    exit: 1,
    remedy: `There are ${settings.map((one) => one.name).join(', ')}.`
  })
}
