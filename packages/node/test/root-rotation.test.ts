// A new root key takes the place of the old one in a peer that runs, and a crash in between loses neither.

import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { exportRoot, importRoot, initHome, type MeshNode, createNode } from '@pinmesh/node'

const home = mkdtempSync(join(tmpdir(), 'pinmesh-rotation-'))
after(() => rmSync(home, { recursive: true, force: true }))

const passphrase = 'correct horse battery'
const someone = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
const key = join(home, 'root.key')
const next = join(home, 'root.next.key')

async function withNode(use: (node: MeshNode) => Promise<void>): Promise<void> {
  const node = await createNode({ home, listen: ['/ip4/127.0.0.1/tcp/0'], profile: 'test' })
  try {
    await use(node)
  } finally {
    await node.stop()
  }
}

test('the new key signs, also after a restart, and the old one nothing any more', async () => {
  await initHome({ home, open: true, spaceBytes: 1e6 })
  const before = readFileSync(key, 'utf8')
  const old = await exportRoot({ home, passphrase })
  await withNode(async (node) => {
    await node.trust.rotateRoot()
    await node.trust.addWriter(someone)
  })
  assert.notEqual(readFileSync(key, 'utf8'), before)
  assert.equal(existsSync(next), false)
  await withNode(async (node) => {
    await node.trust.vouch(someone)
    rmSync(key)
    await importRoot({ home, passphrase, text: old })
    await assert.rejects(node.trust.reloadRoot(), { code: 'MESH_ROOT_OLD' })
    await assert.rejects(node.trust.vouch(someone), { code: 'MESH_NO_ROOT_KEY' })
    await assert.rejects(node.trust.rotateRoot(), { code: 'MESH_NO_ROOT_KEY' })
    assert.equal(existsSync(next), false)
  })
})

test('a crash after the new key was signed in, and before it was put in place, is made good at the start', async () => {
  rmSync(home, { recursive: true })
  await initHome({ home, open: true, spaceBytes: 1e6 })
  const old = join(home, 'old')
  copyFileSync(key, old)
  await withNode(async (node) => node.trust.rotateRoot())
  renameSync(key, next)
  renameSync(old, key)
  await withNode(async (node) => node.trust.vouch(someone))
  assert.equal(existsSync(next), false)
})
