// What a peer is started with: for each setting the first of flag, environment and config that says something. All three
// are text and are parsed alike, so that a wrong one is refused wherever it stands.

import { MeshError } from '@pinmesh/node/mesh-error'
import { parseListOf, type SettingTexts } from './config-file.ts'
import type { PeerOptions } from './serve.ts'
import { type Setting, type SettingName, settings, variableOf } from './settings.ts'
import type { World } from './world.ts'

export type Source = 'flag' | 'environment' | 'config' | 'default'

/** As commander gives them; a lone flag is true. */
export type FlagTexts = Partial<Record<SettingName, string | string[] | boolean>>

export interface Given {
  readonly texts: readonly string[]
  readonly source: Source
}

export interface SettledOptions {
  readonly options: PeerOptions
  /** Where each value comes from; what nobody gave is not there. */
  readonly given: ReadonlyMap<SettingName, Given>
}

/** MESH_BAD_VALUE and MESH_BAD_ADDRESS, which then name the variable or file. */
export function settle(flags: FlagTexts, env: World['env'], config: SettingTexts): SettledOptions {
  const options: Record<string, unknown> = {}
  const given = new Map<SettingName, Given>()
  for (const setting of settings) {
    const one = givenFor(setting, flags, env, config)
    if (one === undefined) continue
    given.set(setting.name, one)
    options[setting.name] = parsed(setting, one)
  }
  return { options: options as PeerOptions, given }
}

function givenFor(setting: Setting, flags: FlagTexts, env: World['env'], config: SettingTexts): Given | undefined {
  const flag = flags[setting.name]
  if (flag !== undefined) return { texts: textsOf(flag), source: 'flag' }
  const variable = env[variableOf(setting)] ?? ''
  if (variable !== '') {
    const texts = setting.many === true ? variable.trim().split(/\s+/) : [variable]
    return { texts, source: 'environment' }
  }
  const texts = config[setting.name]
  return texts === undefined ? undefined : { texts, source: 'config' }
}

function textsOf(flag: string | string[] | boolean): readonly string[] {
  if (typeof flag === 'boolean') return [flag ? 'on' : 'off']
  return typeof flag === 'string' ? [flag] : flag
}

function parsed(setting: Setting, { texts, source }: Given): unknown {
  try {
    return parseListOf(setting, texts)
  } catch (error) {
    if (source === 'flag' || !(error instanceof MeshError)) throw error
    const where = source === 'environment' ? `the variable ${variableOf(setting)}` : 'config.json of the home'
    const message = `${error.message.replace(/\.$/, '')} (from ${where}).`
    throw new MeshError(error.code, message, {
      exit: error.exit,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      cause: error
    })
  }
}
