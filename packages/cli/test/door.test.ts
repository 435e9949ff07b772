// bin/mesh.cjs on whatever Node there is: it starts itself again on a new enough one.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'
import { version } from '../src/version.ts'
import { folder } from './command.ts'

const door = join(import.meta.dirname, '..', 'bin', 'mesh.cjs')

/** A Node from 12 to 21 in one of the usual places. */
function oldNode(): string | undefined {
  const folders = ['/usr/bin', '/usr/local/bin', ...(process.env.PATH ?? '').split(delimiter)]
  return folders
    .map((path) => join(path, 'node'))
    .find((path) => {
      const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
      const major = Number(/^v(\d+)/.exec(stdout ?? '')?.[1] ?? 99)
      return major >= 12 && major < 22
    })
}

const old = oldNode()
const skip = old === undefined ? 'there is no old Node on this machine' : false

test('the door opens on a current Node', () => {
  const { status, stdout } = spawnSync(process.execPath, [door, 'version', '--json'], { encoding: 'utf8' })
  assert.equal(status, 0)
  assert.equal((JSON.parse(stdout) as { version: string }).version, version)
})

test('on an old Node it starts itself again on the one of the repository', { skip }, () => {
  const { status, stdout, stderr } = spawnSync(old!, [door, 'version', '--json'], { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
  assert.ok(Number((JSON.parse(stdout) as { node: string }).node.split('.')[0]) >= 22)
  assert.equal(spawnSync(old!, [door, 'nonsense'], { encoding: 'utf8' }).status, 1)
})

test('without a newer Node it says so', { skip }, async (t) => {
  const path = await folder(t)
  await mkdir(join(path, 'bin'))
  await copyFile(door, join(path, 'bin', 'mesh.cjs'))
  await writeFile(join(path, 'package.json'), '{"type":"module"}')
  const { status, stdout, stderr } = spawnSync(old!, [join(path, 'bin', 'mesh.cjs'), 'ls', '--json'], {
    encoding: 'utf8'
  })
  assert.equal(status, 1)
  assert.match(
    stderr,
    /^mesh: mesh needs Node 22 or newer; this is v\d+\.\d+\.\d+\. \(MESH_NODE_TOO_OLD\)\n {2}Install a current Node\.\n$/
  )
  assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'MESH_NODE_TOO_OLD')
})

test('whoever is killed at the door does not go on inside', { skip }, async (t) => {
  const path = await folder(t)
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const own = join(path, 'node_modules', `node-${platform}-${process.arch}`, 'bin')
  await mkdir(join(path, 'bin'), { recursive: true })
  await mkdir(join(path, 'dist', 'bundle'), { recursive: true })
  await mkdir(own, { recursive: true })
  await copyFile(process.execPath, join(own, 'node'))
  await copyFile(door, join(path, 'bin', 'mesh.cjs'))
  await writeFile(join(path, 'package.json'), '{"type":"module"}')
  await writeFile(join(path, 'dist', 'bundle', 'main.js'), 'console.log(process.pid); setInterval(() => {}, 1000)')
  const outside = spawn(old!, [join(path, 'bin', 'mesh.cjs')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const inside = await new Promise<number>((resolve) => outside.stdout.once('data', (text) => resolve(Number(text))))
  assert.equal(process.kill(inside, 0), true)
  const closed = new Promise((resolve) => outside.stdout.once('close', resolve)) // once nobody has it open any more
  outside.kill('SIGKILL')
  await closed
})
