// mesh service: the unit as systemd reads it, and what is asked of systemctl, which is a script here that writes it down.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { access, chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { unitText } from '../src/service/unit.ts'
import { folder, mesh, served } from './command.ts'
import type { Ran } from './command.ts'

interface Machine {
  home: string
  file: string
  run(words: readonly string[], home?: string): Promise<Ran>
  /** What systemctl was asked for. */
  asked(): Promise<string[]>
  /** What it answers to `show`, and what it fails at. */
  set(show: string, failing?: string): Promise<void>
}

async function machine(t: TestContext): Promise<Machine> {
  const root = await folder(t)
  const home = join(root, 'a home')
  await mkdir(join(root, 'bin'))
  await mkdir(home)
  await writeFile(join(home, 'mesh.json'), '{}')
  const log = join(root, 'log')
  const script = join(root, 'bin/systemctl')
  await writeFile(log, '')
  await writeFile(join(root, 'answer'), 'ActiveState=inactive\nUnitFileState=\nMainPID=0\n')
  await writeFile(join(root, 'failing'), 'nothing')
  const lines = [
    '#!/bin/sh',
    `echo "$*" >> '${log}'`,
    `case "$*" in *"$(cat '${root}/failing')"*) echo 'It is broken.' >&2; exit 1 ;; esac`,
    `case "$*" in *show*) cat '${root}/answer' ;; esac`
  ]
  await writeFile(script, `${lines.join('\n')}\n`)
  await chmod(script, 0o755)
  const env = { PATH: `${join(root, 'bin')}:/usr/bin:/bin` }
  return {
    home,
    file: join(root, '.config/systemd/user/pinmesh.service'),
    run: async (words, on = home) => mesh(['service', ...words, '--home', on, '--json'], { env, userFolder: root }),
    asked: async () => (await readFile(log, 'utf8')).split('\n').slice(0, -1),
    async set(show, failing = 'nothing') {
      await writeFile(join(root, 'answer'), show)
      await writeFile(join(root, 'failing'), failing)
    }
  }
}

function code({ objects, exit }: Ran): [unknown, number] {
  return [(objects.at(-1)?.error as { code?: string } | undefined)?.code, exit]
}

test('install writes the unit and has it started, status tells, uninstall leaves the home', async (t) => {
  const { home, file, run, asked, set } = await machine(t)
  assert.deepEqual(code(await run(['status'])), ['MESH_SERVICE_MISSING', 2])
  const { objects, err } = await run(['install'])
  assert.deepEqual(objects, [{ unit: 'pinmesh.service', file, installed: true }])
  assert.match(err, /enable-linger/)
  const text = await readFile(file, 'utf8')
  assert.match(text, new RegExp(`^ExecStart=/opt/node /opt/mesh.js start --home "${home}"$`, 'm'))
  assert.match(text, /^Restart=on-failure$/m)
  assert.equal((await stat(file)).mode & 0o777, 0o644)
  assert.deepEqual((await asked()).slice(2), [
    '--user daemon-reload',
    '--user enable pinmesh.service',
    '--user restart pinmesh.service'
  ])
  await set('ActiveState=active\nUnitFileState=enabled\nMainPID=7\n')
  const state = { active: 'active', enabled: 'enabled', pid: 7 }
  assert.deepEqual((await run(['status'])).objects, [{ unit: 'pinmesh.service', file, ...state }])
  assert.deepEqual((await run(['uninstall'])).objects, [{ unit: 'pinmesh.service', installed: false }])
  assert.deepEqual((await asked()).slice(-2), ['--user disable --now pinmesh.service', '--user daemon-reload'])
  await assert.rejects(access(file))
  await access(join(home, 'mesh.json'))
})

test('--dry-run prints the unit, writes nothing and needs no systemd', async (t) => {
  const { home, file, run, asked } = await machine(t)
  const { objects } = await run(['install', '--dry-run', '--insecure'])
  assert.match(String(objects[0]?.text), /start --home .* --insecure$/m)
  assert.deepEqual(await asked(), [])
  await assert.rejects(access(file))
  const system = await run(['install', '--dry-run', '--system', '--name', 'mesh2'])
  assert.equal(system.objects[0]?.file, '/etc/systemd/system/mesh2.service')
  assert.match(String(system.objects[0]?.text), new RegExp(`^User=${(await stat(home)).uid}$`, 'm'))
})

test('what stands in the way is told with its code', async (t) => {
  const { run, set, home, file } = await machine(t)
  await set('', 'show')
  const none = await run(['install'])
  assert.deepEqual(code(none), ['MESH_NO_SYSTEMD', 2])
  assert.match(none.err, /It is broken\./)
  await assert.rejects(access(file), 'nothing was written')
  const nothing = await mesh(['service', 'install', '--home', home, '--json'], { env: { PATH: '/nowhere' } })
  assert.deepEqual(code(nothing), ['MESH_NO_SYSTEMD', 2])
  assert.deepEqual(code(await run(['install', '--name', '../x'])), ['MESH_BAD_VALUE', 1])
  assert.deepEqual(code(await run(['install', '--api', 'https://a'])), ['MESH_USAGE', 1])
  await rm(join(home, 'mesh.json'))
  assert.deepEqual(code(await run(['install'])), ['MESH_HOME_MISSING', 1])
})

test('a home on which a peer runs already is left to that peer', async (t) => {
  const { run, file, set } = await machine(t)
  const running = await served(t)
  await writeFile(join(running.home, 'mesh.json'), '{}')
  assert.deepEqual(code(await run(['install'], running.home)), ['MESH_HOME_BUSY', 2])
  await assert.rejects(access(file))
  const env = { PATH: '/usr/bin:/bin', MESH_API_URL: 'https://elsewhere.invalid', MESH_HOME: running.home }
  const other = await mesh(['service', 'install', '--dry-run', '--json'], { env })
  assert.match(
    String(other.objects[0]?.text),
    new RegExp(`--home ${running.home}`),
    'the environment names another peer'
  )
  await set('ActiveState=active\nMainPID=1\n')
  assert.equal((await run(['install'], running.home)).exit, 0, 'if it is the service itself, it is made anew')
})

test('a unit folder that cannot be written is told, and a systemctl that fails', async (t) => {
  const { run, file, set } = await machine(t)
  await mkdir(join(file, '..', '..'), { recursive: true })
  await writeFile(join(file, '..'), 'a file where a folder should be')
  assert.deepEqual(code(await run(['install'])), ['MESH_SERVICE_DENIED', 2])
  await rm(join(file, '..'))
  await run(['install'])
  await set('', 'show')
  assert.deepEqual(code(await run(['uninstall'])), ['MESH_NO_SYSTEMD', 2])
  await access(file)
  await set('', 'enable')
  const failed = await run(['install'])
  assert.deepEqual(code(failed), ['MESH_SERVICE_FAILED', 2])
  assert.match(failed.err, /systemctl enable pinmesh\.service failed: It is broken\./)
})

test('paths with spaces, quotes, dollars and percents arrive whole, and systemd takes the unit', async (t) => {
  const home = '/srv/a b/100%/"quoted"/$HOME/back\\slash'
  const text = unitText({ command: ['/usr/bin/env', '/opt/my mesh.js'], home, flags: [], user: '1000' })
  const word = String.raw`"/srv/a b/100%%/\"quoted\"/$$HOME/back\\slash"`
  assert.ok(text.includes(`ExecStart=/usr/bin/env "/opt/my mesh.js" start --home ${word}\n`), text)
  assert.ok(text.includes(`ReadWritePaths=${word.replace('$$', '$')}\n`))
  const root = await folder(t)
  const units = [
    ['system', unitText({ command: ['/usr/bin/env'], home: '/srv/mesh', flags: [], user: '1000' })],
    ['user', unitText({ command: ['/usr/bin/env'], home: '/srv/my mesh', flags: [] })]
  ] as const
  for (const [scope, unit] of units) {
    for (const line of unit.split('\n')) assert.match(line, /^(?:#.*|\[\w+\]|\w+=.*|)$/)
    const file = join(root, `${scope}.service`)
    await writeFile(file, unit)
    const env = { ...process.env, XDG_RUNTIME_DIR: root }
    const { error, status, stderr } = spawnSync('systemd-analyze', ['verify', `--${scope}`, file], {
      encoding: 'utf8',
      env
    })
    if (error !== undefined)
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOENT', 'without it the lines above hold')
    else assert.deepEqual([status, stderr], [0, ''], scope)
  }
})
