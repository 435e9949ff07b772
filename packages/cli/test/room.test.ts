// mesh gc and mesh du: what went, what stays and why, what takes the room.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cids } from '@pinmesh/node/fake'
import { served } from './command.ts'

test('gc tells what went, and what stays and why', async (t) => {
  const { node, run } = await served(t)
  const { exit, out, err } = await run(['gc', '--now'])
  assert.equal(exit, 0)
  assert.equal(out, 'freed 3 MB: 2 pins out of the trash, 1 copy that no pin asked for\n')
  assert.equal(err, '4 pins, 8 MB, in the trash: promised to others until 2030-01-01 00:00 UTC.\n')
  assert.deepEqual(node.asked, [{ now: true }])
  const { objects } = await run(['gc', '--json'])
  const until = Date.UTC(2030, 0, 1)
  const stays = [{ why: 'promised', pins: 4, bytes: 8e6, until }]
  assert.deepEqual(objects, [{ pins: 2, copies: 1, freedBytes: 3e6, stays }])
  assert.deepEqual(node.asked[1], { now: false })
})

test('du tells what takes the budget, whole or pin by pin', async (t) => {
  const { run } = await served(t)
  assert.deepEqual((await run(['du'])).out.split('\n'), [
    '4 GB of 10 GB used, 40 %',
    'held      4.5 GB   3 pins',
    'trash     2 MB     1 pin   unpinned or let go; `mesh gc` empties it',
    'reserved  1 GB             for what is being fetched',
    'shared    -502 MB          what several of them have in common is there once',
    ''
  ])
  assert.equal((await run(['du', '--json'])).objects[0]?.usedBytes, 4e9)
  assert.equal((await run(['du', '--pins'])).out, `${cids[0]}  3 GB\n${cids[1]}  2 MB  trash\n`)
  assert.deepEqual((await run(['du', '--pins', '--json'])).objects, [
    { cid: cids[0], bytes: 3e9, state: 'held' },
    { cid: cids[1], bytes: 2e6, state: 'trash' }
  ])
})
