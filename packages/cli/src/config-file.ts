// The settings that a home keeps (config.json), as the texts that a person gave. The space budget is not among them: it
// stands in mesh.json, since a home has one before anybody configures it.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { homeDenied, MeshError } from '@pinmesh/node/mesh-error'
import { replaceFile } from '@pinmesh/node/replace-file'
import { usage } from './parse/refuse.ts'
import { type Setting, settingOf } from './settings.ts'

export type SettingTexts = Readonly<Record<string, readonly string[]>>

const fileCharsMax: number = 1 << 20

/** Empty where there is no file. MESH_HOME_DENIED; MESH_HOME_DAMAGED: it is not one, or has what this version does not know. */
export async function readConfigFile(home: string): Promise<SettingTexts> {
  const file = configFileOf(home)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw homeDenied(file, 'read', error)
  }
  return parse(text, file)
}

/** Replaces the file whole. */
export async function writeConfigFile(home: string, texts: SettingTexts): Promise<void> {
  const settings = Object.fromEntries(Object.entries(texts).sort(([one], [other]) => (one < other ? -1 : 1)))
  await replaceFile(configFileOf(home), `${JSON.stringify({ version: 1, settings }, undefined, 2)}\n`, 0o600)
}

export function configFileOf(home: string): string {
  return join(home, 'config.json')
}

/** One value, or the list of them where the setting may have several. MESH_USAGE: too many, or none. */
export function parseListOf(setting: Setting, texts: readonly string[]): unknown {
  if (texts.length === 0) throw usage(`The setting ${setting.name} needs a value.`, 'See `mesh config list`.')
  if (setting.many === true) return texts.map((text) => setting.parse(text))
  const [text = '', ...more] = texts
  if (more.length > 0) throw usage(`The setting ${setting.name} takes one value.`, 'See `mesh config list`.')
  return setting.parse(text)
}

function parse(text: string, file: string): SettingTexts {
  let read: { version?: unknown; settings?: unknown }
  try {
    if (text.length > fileCharsMax) throw new Error('too large')
    read = (JSON.parse(text) ?? {}) as typeof read
  } catch (error) {
    throw damaged(file, 'cannot be read', error)
  }
  const { version, settings } = read
  if (version !== 1 || typeof settings !== 'object' || settings === null) throw damaged(file, 'does not hold settings')
  for (const [name, texts] of Object.entries(settings)) {
    if (settingOf(name) === undefined || name === 'space') throw damaged(file, `has an unknown setting "${name}"`)
    const isList = Array.isArray(texts) && texts.length > 0 && texts.every((one) => typeof one === 'string')
    if (!isList) throw damaged(file, `has something else than texts for "${name}"`)
  }
  return settings as SettingTexts
}

function damaged(file: string, how: string, cause?: unknown): MeshError {
  return new MeshError('MESH_HOME_DAMAGED', `The file ${file} ${how}.`, {
    remedy: 'Correct it, or remove it: then the defaults hold.',
    cause
  })
}
