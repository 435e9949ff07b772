// Content from outside the mesh: what no member has is found by a router, fetched from a stranger, verified and pinned.
// A router that cannot be asked holds up nothing else. And with routing off no router hears anything at all.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { TestRouter } from '../../packages/ipfs/test/test-router.ts'
import { absentCid } from '../kit/cids.ts'
import { bytesOf, writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import { Outsider } from '../kit/outsider.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

let router: TestRouter
let outsider: Outsider
let lab: Lab
let peers: PeerProcess[] = []
const quiet = new Lab('routing-off')

before(async () => {
  router = await TestRouter.start()
  outsider = await Outsider.start()
  lab = new Lab('routing', { flags: ['--routing', 'public', '--router', router.url] })
  peers = await lab.mesh(['a', 'b', 'c'])
})
after(async () => {
  await lab?.close()
  await quiet.close()
  await outsider?.stop()
  await router?.stop()
})

/** Content that only the outsider has; the router knows of it. */
async function outside(word: string, length: number): Promise<{ cid: string; bytes: Uint8Array }> {
  const bytes = bytesOf(word, length)
  const cid = await outsider.add(bytes)
  router.know(cid, outsider.libp2p)
  return { cid, bytes }
}

async function failed(peer: PeerProcess, cid: string): Promise<unknown> {
  return until('a reason', 60_000, async () => {
    const { peers: said } = await peer.client.pins.status(cid)
    return said.some(({ state, reason }) => state === 'failed' && /no peer gave/.test(reason ?? ''))
  })
}

test('content that nobody in the mesh has is found, fetched, verified and pinned', async () => {
  const [a, b] = peers as [PeerProcess, PeerProcess]
  const { cid, bytes } = await outside('film', 3_000_000)
  await a.run(['pin', cid, '-r', '2', '--wait', '--timeout', '60s'])
  assert.equal((await a.holders(cid)).length, 2)
  assert.ok(router.asked.includes(cid))
  const members = peers.map(({ peer }) => peer)
  assert.ok(
    [...outsider.met].every((peer) => !members.includes(peer)),
    'it met no member under its own name'
  )
  const path = join(lab.folder, 'film')
  await b.run(['get', cid, '-o', path, '--timeout', '30s'])
  assert.ok(Buffer.from(bytes).equals(readFileSync(path)))
})

test('what is pinned nowhere is read through the routers too', async () => {
  const [, , c] = peers as [PeerProcess, PeerProcess, PeerProcess]
  const { cid, bytes } = await outside('book', 400_000)
  const path = join(lab.folder, 'book')
  await c.run(['get', cid, '-o', path, '--timeout', '60s'])
  assert.ok(Buffer.from(bytes).equals(readFileSync(path)))
})

test('a router that cannot be asked is told of, holds up no other pin, and is asked again by itself', async () => {
  const [a] = peers as [PeerProcess]
  router.answer = (response) => response.destroy()
  const { cid } = await outside('late', 200_000)
  const lost = Array.from({ length: 12 }, (_none, n) => absentCid(`lost ${n}`))
  await a.client.pins.add([cid, ...lost].map((one) => ({ cid: one, replicas: 3 })))
  await failed(a, cid)
  const told = await until('a note of the router', 30_000, () => a.notes.find(({ code }) => code === 'router-failed'))
  assert.equal(told.router, router.url)
  const why = await until('a note of a pin', 30_000, () => a.notes.find(({ code }) => code === 'fetch-failed'))
  assert.match(String(why.detail), new RegExp(`${router.url} cannot be asked`))
  const file = writeBytes(join(lab.folder, 'near'), 'near', 300_000)
  await a.run(['add', file, '-r', '3', '--wait', '--timeout', '60s'])
  router.answer = undefined
  await until('it is fetched after all', 150_000, async () => (await a.holders(cid)).length === 3)
})

test('with routing off no router is asked and nobody outside is met', async () => {
  const a = await quiet.found('a')
  const { cid } = await outside('secret', 50_000)
  const asked = router.asked.length
  const met = outsider.met.size
  await a.client.pins.add([{ cid, replicas: 1 }])
  await failed(a, cid)
  const got = await a.try(['get', cid, '-o', join(quiet.folder, 'got'), '--timeout', '10s'])
  assert.notEqual(got.code, 0)
  assert.equal(router.asked.filter((one) => one === cid).length, 0)
  assert.equal(outsider.met.size, met)
  assert.ok(router.asked.length >= asked)
})

test('a router that is no URL is refused in a sentence', async () => {
  const [a] = peers as [PeerProcess]
  for (const bad of ['ftp://example.org', 'nonsense']) {
    const ran = await a.try(['start', '--routing', 'public', '--router', bad])
    assert.equal(ran.code, 1)
    assert.match(ran.out, /"MESH_BAD_VALUE"/)
  }
})
