// The reference page and the code say the same: commands, flags, error codes, settings, timings, routes. Whatever stands
// in one and not in the other fails here, by name.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createProgram } from '../packages/cli/src/program.ts'
import { settings } from '../packages/cli/src/settings.ts'
import { knobs } from '../packages/core/src/members/profiles.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const page = readFileSync(`${root}docs/REFERENCE.md`, 'utf8')

type Command = ReturnType<typeof createProgram>

/** A part of a page, from its heading to the next one of the same or a higher level. */
function part(heading: string, of = page): string {
  const start = of.indexOf(`\n${heading}\n`)
  assert.notEqual(start, -1, `There is no "${heading}"`)
  const level = heading.indexOf(' ')
  const rest = of.slice(start + heading.length + 2)
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'))
  return end === -1 ? rest : rest.slice(0, end)
}

/** What stands as code in the first cell of each row. */
function firstCells(text: string): string[] {
  return [...text.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1]!)
}

function sources(...patterns: string[]): string[] {
  return globSync(patterns, { cwd: root }).map((path) => readFileSync(root + path, 'utf8'))
}

/** Every command with its words, the program itself first. */
function commandsBelow(command: Command, path: string): { path: string; command: Command }[] {
  return [
    { path, command },
    ...command.commands.flatMap((one) => commandsBelow(one as Command, `${path} ${one.name()}`))
  ]
}

function headingOf(path: string, command: Command): string {
  const words = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`
    return argument.required ? ` <${name}>` : ` [${name}]`
  })
  return `### \`${path}${words.join('')}\``
}

const program = createProgram(() => async () => {})
const commands = commandsBelow(program, 'mesh')

test('the page has every command with its arguments, and no other', () => {
  const headings = [...page.matchAll(/^### `mesh.*$/gm)].map((match) => match[0])
  assert.deepEqual(headings.sort(), commands.map(({ path, command }) => headingOf(path, command)).sort())
})

test('every command has its flags there, with their values, and no other', () => {
  for (const { path, command } of commands) {
    const documented = firstCells(part(headingOf(path, command)))
    assert.deepEqual(documented.sort(), command.options.map(({ flags }) => flags).sort(), path)
    for (const { flags, argChoices = [] } of command.options) {
      const row = part(headingOf(path, command))
        .split('\n')
        .find((line) => line.startsWith(`| \`${flags}\``))
      for (const choice of argChoices) assert.ok(row?.includes(choice), `${path} ${flags} takes ${choice}`)
    }
  }
})

test('every command has an example, of itself, in the page and in its help', () => {
  for (const { path, command } of commands) {
    if (path === 'mesh') continue
    const example = new RegExp(`^(.*\\| )?${path}( |$)`, 'm')
    assert.match(/```sh\n([^]*?)```/.exec(part(headingOf(path, command)))?.[1] ?? '', example, `${path} in the page`)
    let help = ''
    command.configureOutput({ writeOut: (text) => (help += text) })
    command.outputHelp()
    assert.match(help.split(/^Examples?:\n/m)[1]?.replace(/^ +/gm, '') ?? '', example, `the help of ${path}`)
  }
})

test('the page has every error code, and no other', () => {
  const environment = firstCells(part('### Environment'))
  const code = /\bMESH_[A-Z][A-Z_]*[A-Z]\b/g
  const found = sources('packages/*/src/**/*.ts', 'packages/cli/bin/*.cjs').flatMap((text) => text.match(code) ?? [])
  const used = [...new Set(found)].filter((name) => !environment.includes(name))
  assert.deepEqual(firstCells(part('## Errors')), used.sort())
})

test('every error code has a meaning and a remedy', () => {
  for (const line of part('## Errors').split('\n')) {
    if (line.startsWith('| `')) assert.match(line, /^\| `MESH_\w+` \| [A-Z].+\. \| [A-Z].+\. \|$/)
  }
})

test('every setting is there as the code has it, and can be given as a flag', () => {
  const rows =
    part('## Settings')
      .split('\n### ')[0]!
      .match(/^\| `.*$/gm) ?? []
  const expected = settings.map(({ name, flag, field, unit, default: otherwise, why }) => {
    const cells = [
      `\`${name}\``,
      `\`${flag.split(' ')[0]}\``,
      field === undefined ? '' : `\`${field}\``,
      unit,
      otherwise,
      why
    ]
    return `| ${cells.join(' | ')} |`
  })
  assert.deepEqual(rows, expected)
  for (const command of ['start', 'join']) {
    const flags = program.commands.find((one) => one.name() === command)!.options.map(({ long }) => long)
    for (const { flag } of settings) assert.ok(flags.includes(flag.split(' ')[0]), `mesh ${command} ${flag}`)
  }
})

test('every setting of a peer can be given by a person', () => {
  const text = readFileSync(`${root}packages/node/src/settings.ts`, 'utf8')
  const fields = /interface NodeSettings \{([^]*?)\n\}/.exec(text)?.[1] ?? ''
  const names = [...fields.matchAll(/^ {2}(?:readonly )?(\w+)\??:/gm)].map((match) => match[1]!)
  assert.ok(names.length > 5)
  assert.deepEqual(
    names.filter((name) => name !== 'timings' && name !== 'home').sort(),
    settings.flatMap(({ field = [] }) => field).sort()
  )
})

test('every timing is there as it is', () => {
  const rows = part('### Timings').match(/^\| `.*$/gm) ?? []
  const expected = Object.entries(knobs).map(([name, { test: quick, lan, wan, reason }]) => {
    const times = [quick, lan, wan].map((ms) => timeText(ms))
    return `| \`${name}\` | ${times.join(' | ')} | ${reason} |`
  })
  assert.deepEqual(rows, expected)
})

test('every route of the API is there with the scope that it asks for, and no other', () => {
  const routes = sources('packages/api/src/*routes.ts').flatMap((text) => [
    ...text.matchAll(/\bapp\.(get|post|delete|put)(?:<\w+>)?\(\s*'([^']+)',(?:[^)]*?\bscope\.(\w+))?/g)
  ])
  const used = routes.map(([, method = '', path = '', scope]) => `${method.toUpperCase()} /v1${path} ${scope}`)
  const rows = [...part('## Local API').matchAll(/^\| `([^`]+)` \| (\w+) \|/gm)]
  assert.deepEqual(rows.map(([, route, scope]) => `${route} ${scope}`).sort(), used.sort())
})

test('the programming API has every function, method and event there, and no other', () => {
  const api = readFileSync(`${root}docs/API.md`, 'utf8')
  const headings = [...api.matchAll(/^## .*`(Mesh\w+)`.*$/gm)].map(([line, name = '']) => ({ line, name }))
  const interfaces = sources('packages/node/src/mesh-*.ts').flatMap((text) => [
    ...text.matchAll(/^export interface (Mesh\w+)(?: extends \w+)? \{\n([^]*?)\n\}/gm)
  ])
  const methods = interfaces.map(([, name = '', body = '']) => ({
    name,
    methods: [...body.matchAll(/^ {2}(\w+)\(/gm)].map((match) => match[1]!).sort()
  }))
  const documented = headings.map(({ line, name }) => ({ name, methods: firstCells(part(line, api)).sort() }))
  const byName = (a: { name: string }, b: { name: string }): number => a.name.localeCompare(b.name)
  assert.deepEqual(documented.sort(byName), methods.filter((one) => one.methods.length > 0).sort(byName))
  const events = sources('packages/node/src/mesh-*.ts').flatMap(
    (text) => text.match(/(?<=ProgressEvent<')[\w:]+/g) ?? []
  )
  assert.deepEqual(firstCells(part('## Progress', api)).sort(), events.sort())
  const [door = ''] = sources('packages/node/src/index.ts')
  const names = [...door.matchAll(/^export \{ (.*) \}/gm)].flatMap(([, list = '']) => list.split(', '))
  const functions = names.filter((name) => /^[a-z]\w+$/.test(name) && !['listenDefault', 'version'].includes(name))
  assert.deepEqual(firstCells(part('## Starting', api)).sort(), functions.sort())
})

function timeText(ms: number): string {
  if (ms === 0) return '0'
  const units = { d: 86_400_000, h: 3_600_000, min: 60_000 }
  for (const [unit, size] of Object.entries(units)) if (ms % size === 0) return `${ms / size} ${unit}`
  return `${ms / 1000} s`
}

test('every error code is met by a test', () => {
  const tests = [
    ...sources('packages/*/test/**/*.ts'),
    ...sources('packages/*/src/contract.ts'),
    ...sources('test/**/*.ts')
  ]
  const met = new Set(tests.flatMap((text) => text.match(/MESH_[A-Z_]+/g) ?? []))
  assert.deepEqual(
    firstCells(part('## Errors')).filter((code) => !met.has(code)),
    []
  )
})
