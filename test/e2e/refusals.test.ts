// What a person meets when something cannot be done: a code, an exit code, a sentence, what to do about it; never a
// stack, and nothing done by halves.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { absentCid } from '../kit/cids.ts'
import { writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import { type Ran, runMesh } from '../kit/mesh.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { freePort } from '../kit/ports.ts'
import { until } from '../kit/until.ts'

const lab = new Lab('refusals')
const strangers = new Lab('strangers')
let a: PeerProcess
let b: PeerProcess

before(async () => {
  const [first, second] = await lab.mesh(['a', 'b'])
  a = first as PeerProcess
  b = second as PeerProcess
})
after(async () => Promise.all([lab.close(), strangers.close()]))

/** The error that the command ended with, its form checked. */
function refused(ran: Ran, code: string, exit: number): { message: string; remedy?: string } {
  const { lines, err } = ran
  const errors = lines.flatMap(({ error }) => (error === undefined ? [] : [error as Record<string, string>]))
  const error = errors.at(-1)
  assert.equal(error?.code, code, `${JSON.stringify(lines)} ${err}`)
  assert.equal(ran.code, exit, `exit code with ${code}`)
  assert.doesNotMatch(ran.out + err, /^\s+at .*:\d+/m, 'a stack trace')
  assert.match(err, new RegExp(`\\(${code}\\)`))
  assert.match(String(error?.message), /[.!?]$/, 'a whole sentence')
  return error as { message: string; remedy?: string }
}

async function pinCount(peer: PeerProcess): Promise<number> {
  return (await peer.run(['ls'])).length
}

test('a peer that is no writer is told the line that would make it one, and then it is', async () => {
  const cid = absentCid('by b')
  const { remedy } = refused(await b.try(['pin', cid, '-r', '1']), 'MESH_NOT_A_WRITER', 2)
  const line = `mesh writers add ${b.peer}`
  assert.ok(remedy?.includes(line), remedy)
  refused(await b.try(['add', writeBytes(join(lab.folder, 'x'), 'x', 10), '-r', '1']), 'MESH_NOT_A_WRITER', 2)
  refused(await b.try(['writers', 'add', b.peer]), 'MESH_NO_ROOT_KEY', 2)
  assert.equal(await pinCount(a), 0)

  await a.run(line.split(' ').slice(1))
  await until('b may write', 20_000, async () => (await b.client.info()).role === 'writer')
  await b.run(['pin', cid, '-r', '1'])
  await lab.agree([a, b], 1)
  refused(await a.try(['unpin', cid]), 'MESH_OTHERS_PIN', 2)
  await a.run(['unpin', cid, '--yes'])
  await lab.agree([a, b], 0)
})

test('too few peers: nothing is written, unless --anyway', async () => {
  const cid = absentCid('for many')
  refused(await a.try(['pin', cid, '-r', '5']), 'MESH_TOO_FEW_PEERS', 2)
  refused(await a.try(['add', writeBytes(join(lab.folder, 'many'), 'many', 10), '-r', '5']), 'MESH_TOO_FEW_PEERS', 2)
  assert.equal(await pinCount(a), 0)
  const [pinned] = await a.run(['pin', cid, '-r', '5', '--anyway'])
  assert.equal(pinned?.want, 5)
  await lab.agree([a, b], 1)
  await a.run(['unpin', cid])
})

test('what is asked for makes no sense', async () => {
  const cid = absentCid('sense')
  refused(await a.try(['pin', 'nonsense']), 'MESH_BAD_CID', 1)
  refused(await a.try(['pin', cid, '-r', '2', '--min', '3']), 'MESH_BAD_REPLICAS', 1)
  refused(await a.try(['pin', cid, '--nonsense']), 'MESH_USAGE', 1)
  refused(await a.try(['pin', cid, '-r', 'many']), 'MESH_BAD_VALUE', 1)
  refused(await a.try(['status', cid]), 'MESH_NOT_PINNED', 2)
  refused(await a.try(['unpin', cid]), 'MESH_NOT_PINNED', 2)
  refused(await a.try(['add', join(lab.folder, 'not there')]), 'MESH_FILE_UNREADABLE', 1)
  refused(await a.try(['pin', cid, '-r', '2', '--wait', '--timeout', '1s']), 'MESH_TIMED_OUT', 62)
  await a.run(['unpin', cid])
})

test('a home that has no mesh, no running peer, or is used already', async () => {
  const empty = ['--home', join(lab.folder, 'empty'), '--json']
  refused(await runMesh(['start', ...empty]), 'MESH_HOME_MISSING', 1)
  refused(await runMesh(['status', ...empty]), 'MESH_NOT_RUNNING', 2)
  refused(await a.try(['init', '--open']), 'MESH_HOME_USED', 2)
  refused(await a.try(['start', '--listen', '/ip4/127.0.0.1/tcp/0']), 'MESH_HOME_BUSY', 2)
  assert.equal((await a.client.info()).peer, a.peer, 'the first goes on')
})

test('addresses that lead nowhere, or elsewhere', async () => {
  const home = ['--home', lab.homeOf('n'), '--listen', '/ip4/127.0.0.1/tcp/0', '--json']
  refused(await runMesh(['join', 'nonsense', ...home]), 'MESH_BAD_ADDRESS', 1)
  refused(await runMesh(['start', '--listen', '/tcp/what', ...home]), 'MESH_BAD_ADDRESS', 1)
  refused(await runMesh(['join', `/ip4/127.0.0.1/tcp/${await freePort()}`, ...home]), 'MESH_UNREACHABLE', 2)

  const other = await strangers.found('other')
  const address = other.addresses[0] as string
  refused(await runMesh(['join', address, '--mesh', a.mesh, ...home]), 'MESH_WRONG_MESH', 2)
  assert.ok(!existsSync(join(lab.homeOf('n'), 'mesh.json')), 'nothing was joined')
  refused(await b.try(['join', address]), 'MESH_HOME_USED', 2)
})

test('a port that is taken, for peers and for the API', async () => {
  const port = await freePort()
  const squatter = createServer().listen(port, '127.0.0.1')
  try {
    const home = ['--home', lab.homeOf('p'), '--json']
    assert.equal((await runMesh(['init', '--open', ...home])).code, 0)
    const ran = await runMesh(['start', '--listen', `/ip4/127.0.0.1/tcp/${port}`, ...home])
    refused(ran, 'MESH_PORT_TAKEN', 2)
    const api = await runMesh(['start', '--listen', '/ip4/127.0.0.1/tcp/0', '--api', `127.0.0.1:${port}`, ...home])
    refused(api, 'MESH_API_ADDRESS', 1)
  } finally {
    squatter.close()
  }
})
