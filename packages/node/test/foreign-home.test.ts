// Homes that were put together by hand: a file that is missing, was edited, or comes from another home. The start is refused in a
// sentence, and nothing is touched: neither does the peer go on as somebody else, nor with what another has promised.

import assert from 'node:assert/strict'
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createNode, inspectHome, initHome } from '@pinmesh/node'

const folder = mkdtempSync(join(tmpdir(), 'pinmesh-foreign-'))
const home = join(folder, 'own')
const other = join(folder, 'other')
after(() => rmSync(folder, { recursive: true, force: true }))

async function runs(): Promise<void> {
  const node = await createNode({ home, listen: ['/ip4/127.0.0.1/tcp/0'], profile: 'test' })
  await node.stop()
}

/** Puts a file or folder of the home in order again. */
async function keeping(name: string, work: () => Promise<void>): Promise<void> {
  const kept = join(folder, 'kept')
  cpSync(join(home, name), kept, { recursive: true })
  try {
    await work()
  } finally {
    for (const path of [join(home, name), `${join(home, name)}.mark`]) rmSync(path, { recursive: true, force: true })
    cpSync(kept, join(home, name), { recursive: true })
    rmSync(kept, { recursive: true })
  }
}

before(async () => {
  for (const one of [home, other]) await initHome({ home: one, open: true, spaceBytes: 1e6 })
  await runs()
  const node = await createNode({ home: other, listen: ['/ip4/127.0.0.1/tcp/0'], profile: 'test' })
  await node.stop()
})

test('without its identity, or with that of another, a peer does not start', async () => {
  await keeping('identity.key', async () => {
    rmSync(join(home, 'identity.key'))
    await assert.rejects(runs(), { code: 'MESH_HOME_DAMAGED', message: /identity\.key in .* is missing/ })
    const looked = inspectHome(home, new AbortController().signal)
    await assert.rejects(looked, { code: 'MESH_HOME_DAMAGED', message: /identity\.key in .* is missing/ })
    copyFileSync(join(other, 'identity.key'), join(home, 'identity.key'))
    await assert.rejects(runs(), { code: 'MESH_HOME_DAMAGED', message: /is that of another peer/ })
    writeFileSync(join(home, 'identity.key'), 'no key\n')
    await assert.rejects(runs(), { code: 'MESH_HOME_DAMAGED', message: /cannot be read/ })
  })
  await runs()
})

test('mesh.json is looked at field by field', async () => {
  const good = JSON.parse(readFileSync(join(home, 'mesh.json'), 'utf8')) as Record<string, unknown>
  const wrong: [unknown, RegExp][] = [
    [undefined, /cannot be read: it is no JSON\.$/],
    [null, /no object/],
    [{ ...good, version: 2 }, /version is 2/],
    [{ ...good, charter: 7 }, /no charter/],
    [{ ...good, charter: String(good.charter).slice(0, -2) }, /mesh\.json/],
    [{ ...good, peer: 7 }, /peer/],
    [{ ...good, spaceBytes: -1 }, /spaceBytes/],
    [{ ...good, bootstrap: [7] }, /bootstrap/],
    [{ ...good, kubo: { api: '/ip4/127.0.0.1/tcp/5001' } }, /kubo/],
    [{ ...good, left: 'no' }, /left/]
  ]
  await keeping('mesh.json', async () => {
    for (const [file, message] of wrong) {
      const text = file === undefined ? '{"version":1' : JSON.stringify(file)
      writeFileSync(join(home, 'mesh.json'), text)
      await assert.rejects(runs(), { code: 'MESH_HOME_DAMAGED', message })
      assert.equal(readFileSync(join(home, 'mesh.json'), 'utf8'), text)
    }
  })
  await runs()
})

test('the store of another home is not taken for its own', async () => {
  await keeping('store', async () => {
    rmSync(join(home, 'store'), { recursive: true })
    cpSync(join(other, 'store'), join(home, 'store'), { recursive: true })
    rmSync(join(home, 'store.mark'), { force: true })
    await assert.rejects(runs(), {
      code: 'MESH_STORE_DAMAGED',
      message: /The store is that of 12D3KooW\w+ in the mesh/
    })
  })
  await runs()
})
