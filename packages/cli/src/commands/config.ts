// mesh config: the settings of the peer. It asks the peer, or works on the home itself while none runs; what cannot change
// under a running peer holds from its next start.

import type { ConfigChange, ConfigRow, MeshConfig } from '@pinmesh/api/client'
import { Config, unknownSetting } from '../config.ts'
import type { Exit } from '../failure.ts'
import { badValue } from '../parse/refuse.ts'
import type { Session } from '../session.ts'
import { bytesText } from '../text/bytes.ts'
import { clean, table } from '../text/table.ts'

export async function listConfig(session: Session): Promise<Exit> {
  const { out } = session
  const rows = await onConfig(session, async (config) => config.ls())
  const lines = table(rows.map((row) => [row.name, valueText(row), sourceText(row)]))
  const texts = new Map(rows.map((row, at) => [row, out.quiet ? row.name : `${lines[at]!}\n  ${aboutText(row)}`]))
  await out.results(rows, (row) => texts.get(row)!)
  return 0
}

export async function getConfig(session: Session, name: string): Promise<Exit> {
  const rows = await onConfig(session, async (config) => config.ls())
  const row = rows.find((one) => one.name === name)
  if (row === undefined) throw unknownSetting(name)
  await session.out.result(row, plainText(row))
  return 0
}

export async function setConfig(session: Session, name: string, values: readonly string[]): Promise<Exit> {
  if (values.includes('')) throw badValue('a value', '', `For its default: \`mesh config unset ${name}\`.`)
  return tellChange(session, await onConfig(session, async (config) => config.set(name, values)))
}

export async function unsetConfig(session: Session, name: string): Promise<Exit> {
  return tellChange(session, await onConfig(session, async (config) => config.unset(name)))
}

async function onConfig<T>(session: Session, work: (config: MeshConfig) => Promise<T>): Promise<T> {
  return session.askOr(
    async (client) => work(client.config),
    async () => {
      const { home, world } = session
      const space = {
        get: async () => (await world.loadNode()).keptSpace(home),
        set: async (bytes: number | undefined) => (await world.loadNode()).keepSpace(home, bytes)
      }
      const kubo = async (): Promise<string | undefined> => (await world.loadNode()).keptKubo(home)
      return work(new Config({ home, env: world.env, space, kubo }))
    }
  )
}

async function tellChange({ out }: Session, change: ConfigChange): Promise<Exit> {
  const { name, value, applies } = change
  const now = value === undefined ? 'its default' : shownValue(name, value)
  await out.result(
    change,
    out.quiet ? name : `${name} is ${now}${applies === 'start' ? ' from the next start on' : ''}.`
  )
  return 0
}

function valueText(row: ConfigRow): string {
  return row.value === undefined ? row.default : shownValue(row.name, row.value)
}

function sourceText({ name, source, next }: ConfigRow): string {
  if (next === undefined) return source
  return `${source}; ${next === null ? 'its default' : shownValue(name, next)} from the next start on`
}

function aboutText({ unit, default: otherwise, why }: ConfigRow): string {
  return `${unit}; default: ${otherwise}. ${why}`
}

/** For scripts: what `set` takes, a line each. */
function plainText({ value }: ConfigRow): string {
  return Array.isArray(value) ? value.map(clean).join('\n') : clean(String(value ?? ''))
}

function shownValue(name: string, value: string | string[] | number): string {
  if (name === 'space') return bytesText(Number(value))
  return clean(Array.isArray(value) ? value.join(' ') : String(value))
}
