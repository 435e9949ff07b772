// The commands that show: ls, status, peers, id, watch, version; and those that change trust.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MeshPins, PinStatus } from '@pinmesh/node'
import { cids, info, other, peer, self } from '@pinmesh/node/fake'
import { Interrupted } from '../src/failure.ts'
import { served } from './command.ts'

test('ls streams what is pinned, in JSON or in lines', async (t) => {
  const { run } = await served(t, {
    pins: {
      async *ls() {
        yield [{ cid: cids[0]!, want: 3, min: 2, name: 'a\u001b[2Jb', meta: { k: 'v' } }]
        yield [
          { cid: cids[1]!, want: 0, min: 1, expiry: 0, slot: 'web', mode: 'direct', priority: 200, chosen: [peer] }
        ]
      }
    }
  })
  const second = `[web]  one block  on ${peer.slice(-8)}  priority 200  lapsed 1970-01-01T00:00Z`
  assert.equal((await run(['ls'])).out, `${cids[0]}  ×3  a?[2Jb  k=v\n${cids[1]}  all  ${second}\n`)
  assert.equal((await run(['ls', '-q'])).out, `${cids[0]}\n${cids[1]}\n`)
  const { objects } = await run(['ls', '--json'])
  assert.deepEqual(objects[0], { cid: cids[0], want: 3, min: 2, name: 'a\u001b[2Jb', meta: { k: 'v' } })
  assert.equal(objects.length, 2)
})

test('a long list keeps step with its reader', async (t) => {
  const { run } = await served(t, {
    pins: {
      async *ls() {
        for (let chunk = 0; chunk < 50; chunk++)
          yield Array.from({ length: 1000 }, () => ({ cid: cids[0]!, want: 1, min: 1 }))
      }
    }
  })
  assert.equal((await run(['ls', '-q'])).out.length, 50_000 * (cids[0]!.length + 1))
})

/** Of one pin, what each of five peers says. */
const told: Partial<MeshPins> = {
  status: async (cid) => statusOf(cid),
  async *statuses() {
    yield* cids.slice(0, 2).map(statusOf)
  }
}

function statusOf(cid: string): PinStatus {
  return {
    cid,
    want: 3,
    min: 2,
    have: 1,
    name: 'films\u0007',
    peers: [
      { peer, state: 'held', since: 1, target: true },
      { peer: other, state: 'failed', reason: 'not enough room', target: true },
      { peer: `${other}a`, state: 'none', target: true },
      { peer: `${other}b`, state: 'none', target: false },
      { peer: `${other}c`, state: 'leaving', target: false }
    ]
  }
}

test('status says who holds, fetches, failed and why', async (t) => {
  const { run } = await served(t, { pins: told })
  const { objects } = await run(['status', `/ipfs/${cids[0]}`, '--json'])
  const { peers, ...rest } = objects[0]!
  assert.deepEqual(rest, { cid: cids[0], want: 3, min: 2, have: 1, name: 'films\u0007' })
  assert.deepEqual(peers, [
    { peer, state: 'holding', since: 1, target: true },
    { peer: other, state: 'failed', reason: 'not enough room', target: true },
    { peer: `${other}a`, state: 'queued', reason: 'it has not said anything about this pin yet', target: true },
    { peer: `${other}c`, state: 'leaving', target: false }
  ])
  const { out } = await run(['status', cids[0]!])
  assert.match(out, /^bafkqaaa {2}films\?\n1 of 3 copies, at least 2\n/)
  assert.match(out, new RegExp(`${peer} +holding +\\d+ d\n`))
  assert.match(out, new RegExp(`${other} +failed +not enough room\n`))
  assert.match(out, /leaving +beyond what is wanted\n/)
})

test('of a pin in limbo status tells the copies, and no wish that counts no more', async (t) => {
  const voided: Partial<MeshPins> = { status: async (cid) => ({ ...statusOf(cid), want: 0, min: 0, limbo: true }) }
  const { run } = await served(t, { pins: voided })
  assert.match((await run(['status', cids[0]!])).out, /^bafkqaaa {2}films\?\n1 copy\nVoided/)
})

test('status says where too few of the copies are on trusted peers', async (t) => {
  const one = (cid: string): PinStatus => ({ ...statusOf(cid), have: 3, trusted: { have: 1, want: 2 } })
  const short: Partial<MeshPins> = {
    status: async (cid) => one(cid),
    async *statuses() {
      yield one(cids[0]!)
    }
  }
  const { run } = await served(t, { pins: short })
  assert.match((await run(['status', cids[0]!])).out, /\n3 of 3 copies, at least 2, on trusted peers 1 of 2\n/)
  assert.equal((await run(['status'])).out, `${cids[0]}  3/3  few trusted  films?\n`)
})

test('status without a CID has a line for every pin', async (t) => {
  const { run } = await served(t, { pins: told })
  const { out } = await run(['status'])
  assert.equal(out, `${cids[0]}  1/3  at risk  films?\n${cids[1]}  1/3  at risk  films?\n`)
  assert.deepEqual(
    (await run(['status', '--json'])).objects.map(({ cid }) => cid),
    cids.slice(0, 2)
  )
})

test('ls and status hand on what they are asked for', async (t) => {
  const asked: unknown[] = []
  const { run } = await served(t, {
    pins: {
      async *ls(filter) {
        asked.push(filter)
        yield []
      },
      async *statuses({ signal: _signal, ...options } = {}) {
        asked.push(options)
        const peers = [{ peer, state: 'failed' as const, reason: 'not enough room', target: true }]
        yield { cid: cids[0]!, want: 3, min: 2, have: 1, peers }
      }
    }
  })
  const words = ['--name', 'films*', '--meta', 'a=1', '--meta', 'b=2', '--slot', 'web', '--peer', other]
  await run(['ls', ...words, '--expiring', '7d'])
  await run(['ls', '--expiring'])
  const { out } = await run(['status', '--filter', 'failed,at-risk', '--filter', 'holding', '--local'])
  assert.equal(out, `${cids[0]}  1/3  at risk  failed here: not enough room\n`)
  assert.deepEqual(asked, [
    { name: 'films*', meta: { a: '1', b: '2' }, slot: 'web', peer: other, expiringMs: 604_800_000 },
    { expiringMs: Number.MAX_SAFE_INTEGER },
    { filter: ['held', 'failed', 'at-risk'], local: true }
  ])
  assert.match((await run(['status', '--filter', 'good'])).err, /MESH_BAD_VALUE/)
  assert.match((await run(['status', cids[0]!, '--local'])).err, /MESH_USAGE/)
})

test('what is not pinned has no status', async (t) => {
  const { run } = await served(t)
  const { exit, objects } = await run(['status', cids[0]!, '--json'])
  assert.deepEqual(
    [exit, objects],
    [1, [{ error: { code: 'MESH_NOT_PINNED', message: 'It is not pinned.', remedy: 'Pin it.' } }]]
  )
})

test('peers', async (t) => {
  const { run } = await served(t)
  const { objects } = await run(['peers', '--json'])
  assert.deepEqual(
    objects.map(({ peer: one, state, self, backend }) => [one, state, self, backend]),
    [
      [peer, 'alive', true, 'helia'],
      [other, 'down', false, 'helia']
    ]
  )
  assert.deepEqual(Object.keys(objects[0]!).includes('at'), false)
  const { out } = await run(['peers'])
  assert.match(out, new RegExp(`^${peer} {2}alive {2}trusted, writer, this peer {2}helia +0\\.1\\.0\n`))
  assert.match(out, /volunteer +helia {2}50 % free/)
})

test('id tells who this is and how others join', async (t) => {
  const { run } = await served(t)
  const { objects } = await run(['id', '--json'])
  assert.deepEqual(objects, [info])
  const { out } = await run(['id'])
  assert.match(out, /^join with +mesh join \/ip4\/127\.0\.0\.1\/tcp\/4101\/p2p\//m)
  assert.equal((await run(['id', '-q'])).out, `${peer}\n`)
})

test('a clock that is off is shown with how far, at the peer itself and by the others, and so is a key log of two histories', async (t) => {
  const day = 24 * 60 * 60 * 1000
  const off = (offsetMs: number) => ({ info: () => ({ ...info, clock: { inDoubt: true, offsetMs } }) })
  const shown = async (offsetMs: number): Promise<string> => (await (await served(t, off(offsetMs))).run(['id'])).out
  assert.match(await shown(-365 * day), /^clock +365 d ahead: nothing lapses .*MESH_CLOCK_SKEW/m)
  assert.match(await shown(3 * day), /^clock +3 d behind: /m)
  assert.match(await shown(0), /^clock +not that of the others: /m)
  const forked = await served(t, { info: () => ({ ...info, keyLogForked: true }) })
  assert.match((await forked.run(['id'])).out, /^key log +signed twice: .*MESH_KEY_LOG_FORKED/m)
  const { run } = await served(t, { peers: () => [{ ...self, self: false, clockAheadMs: -3 * day }] })
  assert.match((await run(['peers'])).out, /clock 3 d behind/)
})

test('watch tells what happens, until Ctrl-C', async (t) => {
  const stopping = new AbortController()
  const { run } = await served(t, {
    async *notes({ signal } = {}) {
      yield { at: 1, code: 'started', text: 'The peer\u001b[31m started.' }
      stopping.abort(new Interrupted())
      await new Promise((resolve) => signal!.addEventListener('abort', resolve, { once: true }))
    }
  })
  const { exit, out } = await run(['watch'], { signal: stopping.signal })
  assert.equal(exit, 130)
  assert.ok(out === '' || /^\d\d:\d\d:\d\d The peer\?\[31m started\.\n$/.test(out), out)
})

test('notes are objects with --json', async (t) => {
  const { run } = await served(t)
  assert.deepEqual((await run(['watch', '--json'])).objects[0]!.code, 'started')
})
