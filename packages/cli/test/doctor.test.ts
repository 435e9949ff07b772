// mesh doctor: each thing that can be wrong is made wrong once, with a running peer and without.

import assert from 'node:assert/strict'
import { chmod, readdir, rm, writeFile, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { MeshError } from '@pinmesh/node/mesh-error'
import type { NodeInfo, PeerInfo } from '@pinmesh/node'
import { fakeNode, info, other } from '@pinmesh/node/fake'
import { isPrivate } from '../src/doctor/running-checks.ts'
import type { NodeDoor } from '../src/node-door.ts'
import { folder, mesh, served } from './command.ts'
import type { Ran } from './command.ts'

async function homeWithMesh(t: TestContext): Promise<string> {
  const home = await folder(t)
  await writeFile(join(home, 'mesh.json'), '{}', { mode: 0o600 })
  return home
}

/** What is said of one thing. */
function said({ objects }: Ran, name: string): [unknown, string] {
  const check = objects.find((one) => one.name === name)
  return [check?.state, String(check?.text)]
}

const sound: Partial<NodeDoor> = {
  inspectHome: async () => ({ rows: 12 }),
  inspectBackEnd: async () => undefined,
  keptKubo: async () => undefined,
  keptSpace: async () => 1e6
}

async function stopped(home: string, listen: string, door: Partial<NodeDoor> = {}): Promise<Ran> {
  return mesh(['doctor', '--json', '--home', home], { door: { ...sound, ...door }, env: { MESH_LISTEN: listen } })
}

async function running(
  t: TestContext,
  changed: Partial<NodeInfo>,
  peers = heardPeers(),
  door: Partial<NodeDoor> = {}
): Promise<Ran> {
  const { home, run } = await served(t, {
    info: () => ({ ...info, addresses: [], ...changed }),
    peers: () => peers
  })
  await writeFile(join(home, 'mesh.json'), '{}', { mode: 0o600 })
  return run(['doctor', '--json'], { door: { ...sound, ...door } })
}

function heardPeers(): PeerInfo[] {
  return fakeNode()
    .peers()
    .map((one) => ({ ...one, state: 'alive' }))
}

const free = '/ip4/127.0.0.1/tcp/0'

test('a healthy peer that does not run: one line each, nothing changed, exit 0', async (t) => {
  const home = await homeWithMesh(t)
  const ran = await stopped(home, free)
  const states = ran.objects.map(({ name, state }) => `${name} ${state}`)
  const seen = [
    'node ok',
    'home ok',
    'settings ok',
    'disk',
    'writing',
    'budget ok',
    'peer warn',
    'store ok',
    'back end ok',
    'ports ok'
  ]
  assert.deepEqual(
    states.map((one) => (/^(?:disk|writing) (?:ok|warn)$/.test(one) ? one.split(' ')[0] : one)),
    [...seen, 'clock unknown', 'reachability unknown']
  )
  assert.equal(ran.exit, 0)
  assert.deepEqual(await readdir(home), ['mesh.json'])
  const text = await mesh(['doctor', '--home', home], { door: sound, env: { MESH_LISTEN: free } })
  assert.match(text.out, /^warn {5}peer {10}No peer runs on .*\n {23}Start it with `mesh start`\.$/m)
})

test('what is wrong with a home fails with its remedy, and the exit code is 3', async (t) => {
  const home = await homeWithMesh(t)
  await writeFile(join(home, 'root.key'), 'secret', { mode: 0o644 })
  const open = await stopped(home, free)
  assert.equal(open.exit, 3)
  assert.deepEqual(said(open, 'home'), ['fail', `Others may read or change root.key in ${home}.`])
  await rm(join(home, 'root.key'))
  await chmod(home, 0o777)
  assert.match(said(await stopped(home, free), 'home')[1], /the folder itself/)
  await chmod(home, 0o700)

  await writeFile(join(home, 'config.json'), '{"version":1,"settings":{"colour":["red"]}}', { mode: 0o600 })
  assert.deepEqual(said(await stopped(home, free), 'settings')[0], 'fail')
  await rm(join(home, 'config.json'))
  for (const name of ['tokens.json', 'api.token']) {
    await writeFile(join(home, name), 'x', { mode: 0o600 })
    assert.equal(said(await stopped(home, free), 'settings')[0], 'fail')
    await rm(join(home, name))
  }

  const none = await stopped(join(home, 'none'), free)
  assert.equal(none.exit, 3)
  assert.match(said(none, 'home')[1], /There is no mesh/)
  await symlink('circle', join(home, 'circle'))
  assert.match(said(await stopped(join(home, 'circle'), free), 'home')[1], /mesh\.json cannot be read \(ELOOP\)/)
})

test('a store that cannot be read, a Kubo that is away, and a port that is taken', async (t) => {
  const home = await homeWithMesh(t)
  const damaged = async (): Promise<never> => {
    throw new MeshError('MESH_STORE_DAMAGED', 'The store is damaged.', { remedy: 'Move it away.' })
  }
  const store = await stopped(home, free, { inspectHome: damaged })
  assert.deepEqual([store.exit, ...said(store, 'store')], [3, 'fail', 'The store is damaged.'])
  assert.equal(store.objects.find(({ name }) => name === 'store')?.remedy, 'Move it away.')

  const kubo = { api: '/ip4/127.0.0.1/tcp/5001', peer: other }
  const there = await stopped(home, free, { inspectBackEnd: async () => kubo })
  assert.deepEqual(said(there, 'back end'), ['ok', `The Kubo ${other} answers at ${kubo.api}.`])
  const away = async (): Promise<never> => {
    throw new MeshError('MESH_KUBO_UNREACHABLE', 'No Kubo answers.', { remedy: 'Start it.' })
  }
  const without = await stopped(home, free, { inspectBackEnd: away })
  assert.deepEqual([without.exit, ...said(without, 'back end')], [3, 'fail', 'No Kubo answers.'])

  const squatter = createServer()
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve))
  t.after(() => squatter.close())
  const taken = `/ip4/127.0.0.1/tcp/${(squatter.address() as AddressInfo).port}/ws`
  const ports = await stopped(home, `${free} ${taken}`)
  assert.deepEqual(said(ports, 'ports'), ['fail', `A peer cannot listen on ${taken} (EADDRINUSE).`])
  const api = `127.0.0.1:${(squatter.address() as AddressInfo).port}`
  const env = { MESH_LISTEN: free, MESH_API: api }
  const noApi = await mesh(['doctor', '--json', '--home', home], { door: sound, env })
  assert.deepEqual(said(noApi, 'ports'), ['fail', `A peer cannot listen on ${api} (EADDRINUSE).`])
})

test('a budget that is more than the disk is warned of, unless a Kubo has the content, maybe on another disk', async (t) => {
  const home = await homeWithMesh(t)
  const keptSpace = async (): Promise<number> => 2 ** 60
  const ran = await stopped(home, free, { keptSpace })
  assert.deepEqual([ran.exit, said(ran, 'budget')[0]], [0, 'warn'])
  assert.match(said(ran, 'budget')[1], /^The budget is .* on a disk of /)
  const kubo = await stopped(home, free, { keptSpace, keptKubo: async () => '/ip4/127.0.0.1/tcp/5001' })
  assert.equal(said(kubo, 'budget')[0], undefined)
})

test('a running peer: its store, budget, clock and place in the network', async (t) => {
  const healthy = await running(t, {})
  assert.equal(healthy.exit, 0)
  for (const name of ['peer', 'store', 'space', 'clock']) assert.equal(said(healthy, name)[0], 'ok', name)

  const cases: [Partial<NodeInfo>, string, string, number, RegExp][] = [
    [{ store: 'failing' }, 'store', 'fail', 3, /is failing/],
    [{ keyLogForked: true }, 'key log', 'fail', 3, /signed two histories/],
    [{ usedBytes: 9.5e9 }, 'space', 'warn', 0, /9\.5 GB of 10 GB/],
    [{ role: 'waiting' }, 'peer', 'warn', 0, /not admitted/],
    [{ role: 'removed' }, 'peer', 'fail', 3, /was put out/],
    [{ clock: { inDoubt: true, offsetMs: 3_600_000 } }, 'clock', 'fail', 3, /nothing falls due\. It is 60 min behind/],
    [{ clock: { inDoubt: true, offsetMs: 0 } }, 'clock', 'fail', 3, /do not agree/]
  ]
  for (const [changed, name, state, exit, text] of cases) {
    const ran = await running(t, changed)
    assert.deepEqual([said(ran, name)[0], ran.exit], [state, exit], `${name} with ${JSON.stringify(changed)}`)
    assert.match(said(ran, name)[1], text)
  }
})

test('the Kubo of a running peer is asked as doctor looks: the peer itself asks it now and then', async (t) => {
  const inspectBackEnd = async (): Promise<never> => {
    throw new MeshError('MESH_KUBO_UNREACHABLE', 'No Kubo answers.', { remedy: 'Start it.' })
  }
  const ran = await running(t, {}, heardPeers(), { inspectBackEnd })
  assert.deepEqual([ran.exit, ...said(ran, 'back end')], [3, 'fail', 'No Kubo answers.'])
})

test('reachability: only a connection from outside is a proof', async (t) => {
  const [self, volunteer] = fakeNode().peers() as [PeerInfo, PeerInfo]
  const heard: PeerInfo = { ...volunteer, state: 'alive' }
  const reach = async (changed: Partial<NodeInfo>, peers: PeerInfo[]): Promise<[unknown, string]> =>
    said(await running(t, changed, peers), 'reachability')
  const none = { connections: { all: 1, dialers: 0 } }
  assert.equal((await reach({}, [self]))[0], 'unknown')
  assert.deepEqual(await reach({}, [self, volunteer]), ['fail', 'None of the 1 other peers is heard.'])
  assert.match((await reach({}, [self, heard]))[1], /1 opened the connection to this one themselves/)
  const nat = await reach({ ...none, addresses: [`/ip4/192.168.1.5/tcp/4101/p2p/${other}`] }, [self, heard])
  assert.equal(nat[0], 'warn')
  const outer = await reach({ ...none, addresses: [`/ip4/203.0.113.9/tcp/4101/p2p/${other}`] }, [self, heard])
  assert.equal(outer[0], 'unknown')
})

test('the addresses that a running peer tells are tried', async (t) => {
  const listening = createServer()
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const { port } = listening.address() as AddressInfo
  const address = `/ip4/127.0.0.1/tcp/${port}`
  assert.deepEqual(said(await running(t, { addresses: [address] }), 'ports'), ['ok', `It answers at ${address}.`])
  await new Promise((resolve) => listening.close(resolve))
  assert.equal(said(await running(t, { addresses: [address] }), 'ports')[0], 'fail')
})

test('from another machine it says what the peer says, and that it is not there', async (t) => {
  const { run } = await served(t)
  const remote = ['doctor', '--json', '--api', 'http://127.0.0.1:1', '--token', 'A'.repeat(43)]
  const gone = await run(remote)
  assert.deepEqual([gone.exit, gone.objects.length, gone.objects[0]?.state], [3, 1, 'fail'])
})

test('private addresses are told from others', () => {
  const hidden = ['127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.9.9', '192.168.0.1', '169.254.1.1', '100.64.0.1']
  const open = ['8.8.8.8', '172.32.0.1', '172.15.0.1', '100.63.0.1', '100.128.0.1', '11.0.0.1', '192.169.0.1']
  for (const host of hidden) assert.ok(isPrivate(`/ip4/${host}/tcp/1`), host)
  for (const host of open) assert.ok(!isPrivate(`/ip4/${host}/tcp/1`), host)
  for (const host of ['::1', 'fe80::1', 'fd00::1']) assert.ok(isPrivate(`/ip6/${host}/tcp/1`), host)
  assert.ok(!isPrivate('/ip6/2001:db8::1/tcp/1'))
  assert.ok(!isPrivate('/dns4/mesh.example.org/tcp/1'))
})
