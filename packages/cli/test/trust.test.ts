// The commands about who belongs to the mesh, against a peer of a few lines.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { served } from './command.ts'
import { other } from './fake-node.ts'

test('vouching for a peer, taking it back, putting it out', async (t) => {
  const { node, run } = await served(t)
  assert.deepEqual((await run(['peers', 'vouch', other, '--json'])).objects, [{ peer: other, class: 'trusted' }])
  assert.deepEqual((await run(['peers', 'withdraw', other, '--anyway', '--json'])).objects, [
    { peer: other, withdrawn: true }
  ])
  assert.deepEqual((await run(['peers', 'rm', other, '--yes', '--json'])).objects, [{ peer: other, removed: true }])
  const plain = { anyway: false }
  assert.deepEqual(node.asked, [
    { vouch: other, ...plain },
    { withdraw: other, anyway: true },
    { removePeer: other, ...plain }
  ])
  assert.match((await run(['peers', 'vouch', 'nobody'])).err, /MESH_BAD_VALUE/)
})

test('what cannot be taken back is asked for: no answer, no change', async (t) => {
  const { node, run } = await served(t)
  for (const words of [
    ['peers', 'rm', other],
    ['writers', 'rm', other]
  ]) {
    const silent = await run(words)
    assert.deepEqual([silent.exit, silent.out], [1, ''])
    assert.match(silent.err, /--yes/)
    assert.equal((await run(words, { typed: 'n\n' })).exit, 1)
  }
  assert.deepEqual(node.asked, [])
  assert.equal((await run(['writers', 'rm', other], { typed: 'y\n' })).exit, 0)
  assert.deepEqual(node.asked, [{ removeWriter: other, anyway: false }])
})

test('writers are listed, named and taken away', async (t) => {
  const { run } = await served(t)
  const { out } = await run(['writers', 'ls'])
  assert.match(out, /writer 7\n.*writer 9 {2}removed\n/s)
  assert.deepEqual((await run(['writers', 'add', other, '--json'])).objects, [{ peer: other, writer: 7 }])
  assert.match((await run(['writers', 'add', 'nobody'])).err, /MESH_BAD_VALUE/)
})

test('the policy is shown, and set in what is named', async (t) => {
  const { node, run } = await served(t)
  const shown = { admission: 'open', replicas: 3, trustedMin: 1, profile: 'wan', protocolMin: 1 }
  assert.deepEqual((await run(['policy', 'show', '--json'])).objects, [shown])
  const set = await run(['policy', 'set', '--replicas', 'all', '--trusted-min', '0', '--profile', 'lan', '--json'])
  assert.deepEqual(set.objects, [{ ...shown, replicas: 0, trustedMin: 0, profile: 'lan' }])
  assert.match(set.err, /restart them/)
  assert.deepEqual(node.asked, [{ setPolicy: { replicas: 0, trustedMin: 0, profile: 'lan' }, anyway: false }])
  assert.match((await run(['policy', 'set'])).err, /MESH_USAGE/)
  assert.match((await run(['policy', 'set', '--replicas', '0'])).err, /MESH_BAD_VALUE/)
})
