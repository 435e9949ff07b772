// mesh leave.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { cids } from '@pinmesh/node/fake'
import { progressText } from '../src/commands/leave.ts'
import { folder, mesh, served } from './command.ts'

const step = { held: 2, handedOn: 1, promisedUntil: 0, pins: [] }

test('leaving is shown step by step, and ends with a word', async (t) => {
  const { node, run } = await served(t)
  const { exit, objects } = await run(['leave', '--json'])
  assert.equal(exit, 0)
  assert.deepEqual(objects, [{ event: 'leaving', held: 2, handedOn: 0, promisedUntil: 0 }, { event: 'left' }])
  assert.equal((await run(['leave', '--force'])).out, 'This peer has left the mesh.\n')
  assert.deepEqual(node.asked, [{ force: false }, { force: true }])
})

test('whoever is the only writer, or has the root key, is told before he goes', async (t) => {
  const { run, home } = await served(t)
  const { err } = await run(['leave'])
  assert.match(err, /No other peer may write: name one first/)
  assert.doesNotMatch(err, /root key/)
  await writeFile(join(home, 'root.key'), '')
  assert.match((await run(['leave'])).err, /The root key of the mesh stays in .*: keep it/)
  const others = await served(t, {
    trust: {
      writers: async () => ['a', 'b'].map((peer, writer) => ({ peer, writer, mayInvite: false, removed: false }))
    }
  })
  assert.doesNotMatch((await others.run(['leave'])).err, /may write/)
})

test('what nobody can take over is named, with exit code 3', async (t) => {
  const pin = { cid: cids[0]!, name: 'films', want: 3, copies: 1, witnesses: 0 }
  const { run } = await served(t, {
    async *leave() {
      yield { state: 'at-risk', ...step, pins: [pin] }
    }
  })
  const { exit, objects, err } = await run(['leave', '--json'])
  assert.equal(exit, 3)
  assert.deepEqual(objects[0], { event: 'at-risk', ...pin })
  assert.match(err, /Nobody can take over 1 of the pins.*MESH_PINS_AT_RISK/)
  assert.match((await run(['leave'])).out, /films +1 of 3 copies on others, 0 of them promised/)
})

test('a leave may be taken back, also by another command', async (t) => {
  const { node, run } = await served(t, {
    async *leave() {
      yield { state: 'stays', ...step }
    }
  })
  assert.equal((await run(['leave', '--stay'])).out, 'This peer stays.\n')
  assert.deepEqual(node.asked, ['stay'])
  assert.match((await run(['leave'])).err, /MESH_LEAVE_ENDED/)
  assert.equal((await run(['leave', '--stay', '--force'])).exit, 1)
})

test('a watch that lasts too long says that the leave goes on', async (t) => {
  const { run } = await served(t, {
    async *leave({ signal } = {}) {
      yield { state: 'leaving', ...step }
      await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }))
    }
  })
  const { exit, err } = await run(['leave', '--timeout', '300ms'])
  assert.equal(exit, 62)
  assert.match(err, /goes on leaving/)
})

test('a peer that went and stopped while nobody watched has left', async (t) => {
  const home = await folder(t)
  await writeFile(join(home, 'mesh.json'), JSON.stringify({ version: 1, left: true }))
  const { exit, objects } = await mesh(['leave', '--json', '--home', home])
  assert.deepEqual([exit, objects], [0, [{ event: 'left' }]])
  await writeFile(join(home, 'mesh.json'), JSON.stringify({ version: 1 }))
  const other = await mesh(['leave', '--home', home])
  assert.equal(other.exit, 2)
  assert.match(other.err, /MESH_NOT_RUNNING/)
})

test('the progress says how much is safe, and how long own promises last', () => {
  const text = progressText({ state: 'leaving', held: 9, handedOn: 4, promisedUntil: 90_000, pins: [] }, 30_000)
  assert.equal(text, 'leaving: 9 pins kept here, 4 of them safe with others, own promises end in 1 min')
})
