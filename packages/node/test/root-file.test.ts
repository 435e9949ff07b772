// The root key on its way: what is exported opens with its passphrase and with nothing else, in a home of the same mesh alone.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { exportRoot, importRoot, initHome } from '@pinmesh/node'

const folder = mkdtempSync(join(tmpdir(), 'pinmesh-root-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const homeOf = (name: string): string => join(folder, name)
const passphrase = 'correct horse battery'

/** A home of the mesh that `founder` founded, without its root key. */
async function member(founder: string, name: string): Promise<string> {
  const home = homeOf(name)
  await initHome({ home, open: true, spaceBytes: 1 })
  writeFileSync(join(home, 'mesh.json'), readFileSync(join(homeOf(founder), 'mesh.json')))
  rmSync(join(home, 'root.key'))
  return home
}

test('a root key travels sealed, and is the same on the other side, readable by its owner alone', async () => {
  const home = homeOf('a')
  await initHome({ home, open: true, spaceBytes: 1 })
  const text = await exportRoot({ home, passphrase })
  const key = readFileSync(join(home, 'root.key'), 'utf8')
  assert.ok(!text.includes(key.trim()))
  const other = await member('a', 'b')
  const { rootKeyFile, added } = await importRoot({ home: other, passphrase, text })
  assert.equal(readFileSync(rootKeyFile, 'utf8'), key)
  assert.equal(statSync(rootKeyFile).mode & 0o777, 0o600)
  assert.deepEqual([added, (await importRoot({ home: other, passphrase, text })).added], [true, false])
})

test('another passphrase, another mesh, another key in place and a home without one are told apart', async () => {
  const home = homeOf('c')
  await initHome({ home, open: true, spaceBytes: 1 })
  const text = await exportRoot({ home, passphrase })
  const other = await member('c', 'd')
  await assert.rejects(importRoot({ home: other, passphrase: 'correct horse', text }), { code: 'MESH_ROOT_PASSPHRASE' })
  await assert.rejects(exportRoot({ home: other, passphrase }), { code: 'MESH_NO_ROOT_KEY' })
  await assert.rejects(exportRoot({ home, passphrase: 'short' }), { code: 'MESH_ROOT_PASSPHRASE' })
  await assert.rejects(exportRoot({ home: homeOf('nowhere'), passphrase }), { code: 'MESH_HOME_MISSING' })
  const elsewhere = homeOf('e')
  await initHome({ home: elsewhere, open: true, spaceBytes: 1 })
  await assert.rejects(importRoot({ home: elsewhere, passphrase, text }), { code: 'MESH_ROOT_FOREIGN' })
  writeFileSync(join(other, 'root.key'), `${'ab'.repeat(32)}\n`)
  await assert.rejects(importRoot({ home: other, passphrase, text }), { code: 'MESH_ROOT_PRESENT' })
})

test('a file that was changed, cut, or lies about its cost is refused, and costs nothing', async () => {
  const home = homeOf('f')
  await initHome({ home, open: true, spaceBytes: 1 })
  const text = await exportRoot({ home, passphrase })
  const other = await member('f', 'g')
  const file = JSON.parse(text) as Record<string, unknown>
  const bad: unknown[] = [
    '', '{}', 'null', '[]', text.slice(0, 100), `${text}x`,
    { ...file, cost: 2 ** 30 }, { ...file, cost: 3 }, { ...file, cost: '131072' }, { ...file, version: 2 },
    { ...file, salt: 'ab' }, { ...file, iv: 'zz' }, { ...file, sealed: `${String(file['sealed'])}00` },
    { ...file, sealed: 7 }, { ...file, mesh: 1 }, { ...file, pinmesh: 'x' }, { ...file, more: 'x'.repeat(5000) }
  ] // prettier-ignore
  for (const one of bad) {
    const given = typeof one === 'string' ? one : JSON.stringify(one)
    await assert.rejects(importRoot({ home: other, passphrase, text: given }), { code: 'MESH_ROOT_FILE' }, given)
  }
  const sealed = String(file['sealed'])
  const flipped = { ...file, sealed: (sealed.startsWith('0') ? '1' : '0') + sealed.slice(1) }
  await assert.rejects(importRoot({ home: other, passphrase, text: JSON.stringify(flipped) }), {
    code: 'MESH_ROOT_PASSPHRASE'
  })
})
