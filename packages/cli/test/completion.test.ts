// Completion: what bash really offers; for zsh and fish that the script parses, where they are installed, and that every
// word is in it.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { wordsOf } from '../src/completion/command-words.ts'
import { createProgram } from '../src/program.ts'
import { folder, mesh } from './command.ts'

const commands = wordsOf(createProgram(() => async () => {}))

/** What bash offers for a line; the last word is the one being typed. */
function offeredBy(script: string, words: readonly string[]): string[] {
  const line = ['mesh', ...words]
  const quoted = line.map((word) => `'${word}'`).join(' ')
  const ask = `${script}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${line.length - 1}; _mesh; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', ask], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout.split('\n').filter((word) => word !== '')
}

test('bash completes commands, flags and choices, each where it belongs', async () => {
  const { out: script, exit } = await mesh(['completion', 'bash'])
  assert.equal(exit, 0)
  const cases: [string[], string[]][] = [
    [['con'], ['config']],
    [['--json', 'con'], ['config']],
    [
      ['token', ''],
      ['new', 'ls', 'rm']
    ],
    [
      ['start', '--gossip', ''],
      ['on', 'off']
    ],
    [
      ['token', 'new', 'a', '--scope', ''],
      ['read', 'pin', 'admin']
    ],
    [['pin', '--rep'], ['--replicas']],
    [
      ['pin', '--tok'],
      ['--token-file', '--token']
    ],
    [['completion', 'z'], ['zsh']],
    [['config', 'get', 'sp'], ['space']],
    [['pin', '-r', ''], []],
    [['--home', 'token', 'n'], []],
    [['--home', 'token', 'con'], ['config']],
    [['get', '-o', ''], []],
    [['add', ''], []],
    [['nonsense', 'con'], ['config']]
  ]
  for (const [words, expected] of cases) {
    assert.deepEqual(offeredBy(script, words), expected, words.join(' '))
  }
})

test('bash offers every command and every flag that there is', async () => {
  const { out: script } = await mesh(['completion', 'bash'])
  for (const { path, commands: below, flags } of commands) {
    const words = path.split(' ').slice(1)
    const offered = offeredBy(script, [...words, ''])
    for (const { name } of below) assert.ok(offered.includes(name), `${path} ${name}`)
    const dashed = offeredBy(script, [...words, '-'])
    for (const { long } of flags) assert.ok(dashed.includes(long), `${path} ${long}`)
  }
})

for (const shell of ['bash', 'zsh', 'fish']) {
  test(`the script for ${shell} has every word, and ${shell} can read it`, async (t) => {
    const { out } = await mesh(['completion', shell])
    for (const { path, flags } of commands) {
      assert.ok(out.includes(`'${path}'`), path)
      for (const { long } of flags) assert.ok(out.includes(shell === 'fish' ? `-l '${long.slice(2)}'` : long), long)
    }
    const file = join(await folder(t), 'script')
    await writeFile(file, out)
    const { error, status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
    if (error === undefined) assert.equal(status, 0, stderr)
    else
      assert.equal(
        (error as NodeJS.ErrnoException).code,
        'ENOENT',
        'it is not installed: then its words are all that is known'
      )
  })
}

test('another shell is refused with those that there are', async () => {
  const { exit, err } = await mesh(['completion', 'tcsh'])
  assert.equal(exit, 1)
  assert.match(err, /Allowed choices are bash, zsh, fish\. \(MESH_USAGE\)/)
})
