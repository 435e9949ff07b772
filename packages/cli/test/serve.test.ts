// mesh init, start and join, with a fake of @pinmesh/node.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { MeshError } from '@pinmesh/node/mesh-error'
import { cids, type FakeNode, fakeNode, info, mesh, peer } from '@pinmesh/node/fake'
import { apiListenDefault } from '../src/api-listen.ts'
import { ownAddress } from '../src/commands/init.ts'
import { Interrupted } from '../src/failure.ts'
import type { Exit } from '../src/failure.ts'
import { listenDefaults } from '../src/listen-defaults.ts'
import type { NodeDoor, StartSettings } from '../src/node-door.ts'
import { run } from '../src/run.ts'
import { folder, mesh as command, textOf, worldOf } from './command.ts'
import type { Stream } from './command.ts'

interface Running {
  ready: Record<string, unknown>
  err: () => Promise<string>
  stop(): void
  ended: Promise<Exit>
}

/** Runs a command that serves, up to its ready line. */
async function serving(words: readonly string[], door: Partial<NodeDoor>): Promise<Running> {
  const stopping = new AbortController()
  const stdout: Stream = new PassThrough()
  const stderr: Stream = new PassThrough()
  const err = textOf(stderr)
  const ended = run([...words, '--json'], worldOf({ door, signal: stopping.signal }, stdout, stderr)).finally(() =>
    stderr.end()
  )
  const [first] = (await Promise.race([once(stdout, 'data'), ended.then(() => ['{}'])])) as [Buffer | string]
  return {
    ready: JSON.parse(String(first)) as Record<string, unknown>,
    err: () => err,
    stop: () => stopping.abort(new Interrupted()),
    ended
  }
}

test('init founds a mesh, prints the join line, and tells to back up the root key', async (t) => {
  const home = await folder(t)
  const asked: unknown[] = []
  const initHome: NodeDoor['initHome'] = async ({ signal: _signal, ...settings }) => {
    asked.push(settings)
    return { mesh, peer, rootKeyFile: join(home, 'root.key'), spaceBytes: 5e9 }
  }
  const words = ['init', '--home', home, '--name', 'photos', '--open', '--space', '5GB', '--profile', 'lan']
  const { exit, objects, err } = await command([...words, '--json'], { door: { initHome } })
  assert.equal(exit, 0)
  assert.deepEqual(asked, [{ home, open: true, name: 'photos', spaceBytes: 5e9, profile: 'lan' }])
  const { join: line, ...rest } = objects[0]!
  assert.deepEqual(rest, { event: 'founded', mesh, peer, rootKey: join(home, 'root.key'), spaceBytes: 5e9 })
  assert.match(String(line), new RegExp(`^mesh join /ip4/[0-9.]+/tcp/4101/p2p/${peer} --mesh ${mesh}$`))
  assert.match(err, /Back up .*root\.key/)
  assert.match((await command(words, { door: { initHome } })).out, /^space +5 GB$/m)
})

test('start serves until it is told to stop, and is found meanwhile', async (t) => {
  const home = await folder(t)
  const node = fakeNode()
  const { ready, stop, ended, err } = await serving(['start', '--home', home], { createNode: async () => node })
  const api = join(home, 'api.sock')
  const { addresses, joinLines, role, spaceBytes } = info
  assert.deepEqual(ready, { event: 'ready', peer, mesh, addresses, api, name: 'photos', role, spaceBytes, joinLines })
  assert.equal((JSON.parse(await readFile(join(home, 'api.json'), 'utf8')) as { pid: number }).pid, process.pid)
  assert.equal((await command(['pin', cids[0]!, '--home', home])).exit, 0)
  stop()
  assert.equal(await ended, 0)
  assert.equal(node.stopped, 1)
  await assert.rejects(access(join(home, 'api.json')))
  assert.match((await command(['ls', '--home', home])).err, /MESH_NOT_RUNNING/)
  assert.match(await err(), /Stopping/)
})

test('a peer whose disk or back end does not work says so as it starts', async (t) => {
  const home = await folder(t)
  const node = fakeNode({ info: () => ({ ...info, store: 'failing' }) })
  const { stop, ended, err } = await serving(['start', '--home', home], { createNode: async () => node })
  stop()
  await ended
  assert.match(await err(), /^Its disk or back end is failing: see {2}mesh doctor$/m)
})

test('the flags of start reach the peer', async (t) => {
  const home = await folder(t)
  const asked: unknown[] = []
  const createNode = async ({ signal: _signal, ...settings }: StartSettings): Promise<FakeNode> => {
    asked.push(settings)
    return fakeNode()
  }
  const listen = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']
  const words = [
    'start',
    '--listen',
    ...listen,
    '--home',
    home,
    '--api',
    '127.0.0.1:0',
    '--space',
    '1GiB',
    '--profile',
    'test'
  ]
  const more = [
    '--gossip',
    'off',
    '--routing',
    'public',
    '--router',
    'https://router.example/ipfs',
    '--serve',
    'public',
    '--mdns',
    '--zone',
    'cellar',
    '--kubo',
    '/ip4/127.0.0.1/tcp/5001',
    '--shared-backend',
    '--salvage',
    '--announce',
    '/dns4/a.example/tcp/1'
  ]
  const { ready, stop, ended } = await serving([...words, ...more], { createNode })
  assert.match(String(ready.api), /^127\.0\.0\.1:\d+$/)
  assert.equal((await command(['id', '-q', '--home', home])).out, `${peer}\n`)
  stop()
  await ended
  const switches = {
    gossip: false,
    routing: 'public',
    routers: ['https://router.example/ipfs'],
    servePublic: true,
    mdns: true,
    zone: 'cellar',
    kubo: '/ip4/127.0.0.1/tcp/5001',
    sharedBackend: true,
    salvage: true,
    announce: ['/dns4/a.example/tcp/1']
  }
  assert.deepEqual(asked, [{ home, listen, spaceBytes: 2 ** 30, profile: 'test', ...switches }])
})

test('a start that is interrupted ends like a peer that is stopped', async (t) => {
  const home = await folder(t)
  const interrupt = new AbortController()
  const createNode: NodeDoor['createNode'] = async ({ signal }) => {
    interrupt.abort(new Interrupted())
    throw signal?.reason
  }
  const { exit, objects } = await command(['start', '--home', home, '--json'], {
    door: { createNode },
    signal: interrupt.signal
  })
  assert.equal(exit, 0)
  assert.deepEqual(objects, [{ event: 'stopped' }])
})

test('a peer that cannot start, and an API that cannot listen, end the command and leave nothing', async (t) => {
  const home = await folder(t)
  const busy = async (): Promise<never> => {
    throw new MeshError('MESH_HOME_BUSY', 'Another process uses this folder.', { remedy: 'Stop it.' })
  }
  const refused = await command(['start', '--home', home, '--json'], { door: { createNode: busy } })
  assert.equal(refused.exit, 2)
  assert.equal((refused.objects[0]!.error as { code: string }).code, 'MESH_HOME_BUSY')
  const node = fakeNode()
  const remote = await command(['start', '--home', home, '--api', '0.0.0.0:0'], {
    door: { createNode: async () => node }
  })
  assert.match(remote.err, /MESH_API_REMOTE/)
  assert.equal(node.stopped, 1)
})

test('join sets the home up, says what it got, and serves', async (t) => {
  const home = await folder(t)
  const asked: unknown[] = []
  let looks = 0
  const node = fakeNode({ info: () => ({ ...info, role: looks++ < 3 ? 'waiting' : 'volunteer' }) })
  const door: Partial<NodeDoor> = {
    joinHome: async ({ signal: _signal, ...settings }) => {
      asked.push(settings)
      return { mesh, peer, name: 'photos', spaceBytes: 5e9 }
    },
    createNode: async () => node
  }
  const bootstrap = `/ip4/127.0.0.1/tcp/4101/p2p/${peer}`
  const { ready, stop, ended } = await serving(
    ['join', bootstrap, '--mesh', mesh, '--home', home, '--space', '5GB'],
    door
  )
  assert.deepEqual([ready.role, ready.mesh, ready.spaceBytes], ['volunteer', mesh, info.spaceBytes])
  stop()
  assert.equal(await ended, 0)
  assert.deepEqual(asked, [{ home, bootstrap, mesh, spaceBytes: 5e9 }])
})

test('a newcomer by invitation hears what the owner has to run', async (t) => {
  const home = await folder(t)
  const node = fakeNode({ info: () => ({ ...info, role: 'waiting', admission: 'invite' }) })
  const joinHome = async (): Promise<{ mesh: string; peer: string; name: string; spaceBytes: number }> => ({
    mesh,
    peer,
    name: 'photos',
    spaceBytes: 5e9
  })
  const { stop, ended, err } = await serving(['join', '/ip4/127.0.0.1/tcp/1', '--home', home], {
    joinHome,
    createNode: async () => node
  })
  stop()
  await ended
  assert.match(await err(), new RegExp(`mesh peers vouch ${peer}`))
})

test('an unreachable mesh and a wrong one end join with their own words', async (t) => {
  const home = await folder(t)
  const joinHome = async (): Promise<never> => {
    throw new MeshError('MESH_WRONG_MESH', 'It is another.')
  }
  const { exit, err } = await command(['join', '/ip4/127.0.0.1/tcp/1', '--home', home], { door: { joinHome } })
  assert.deepEqual([exit, err], [2, 'mesh: It is another. (MESH_WRONG_MESH)\n'])
  assert.match((await command(['join', '127.0.0.1:1'])).err, /MESH_BAD_ADDRESS/)
})

test('a client can stop the peer', async (t) => {
  const home = await folder(t)
  const node = fakeNode()
  const { ended } = await serving(['start', '--home', home], { createNode: async () => node })
  const { Session } = await import('../src/session.ts')
  const none: Stream = new PassThrough()
  await new Session(worldOf({}, none, none), { home }).ask(async (client) => client.stop())
  assert.equal(await ended, 0)
})

test('the API listens on a socket unless its path is too long', () => {
  assert.deepEqual(apiListenDefault('/srv/mesh', 'linux'), { socketPath: join('/srv/mesh', 'api.sock') })
  assert.deepEqual(apiListenDefault(`/srv/${'x'.repeat(100)}`, 'linux'), { host: '127.0.0.1', port: 0 })
  assert.match(
    (apiListenDefault('C:\\mesh', 'win32') as { socketPath: string }).socketPath,
    /^\\\\\.\\pipe\\pinmesh-[0-9a-f]{16}$/
  )
})

test('a peer listens on IPv6 where the machine has it', () => {
  const four = ['/ip4/0.0.0.0/tcp/4101', '/ip4/0.0.0.0/tcp/4102/ws']
  assert.deepEqual(listenDefaults(false), four)
  assert.deepEqual(listenDefaults(true), [...four, '/ip6/::/tcp/4101', '/ip6/::/tcp/4102/ws'])
})

test('the join line names an address that others may reach', () => {
  const lo = [{ address: '127.0.0.1', family: 'IPv4', internal: true }]
  const eth = [
    { address: 'fe80::1', family: 'IPv6', internal: false },
    { address: '192.0.2.7', family: 'IPv4', internal: false }
  ]
  assert.equal(ownAddress({ lo, eth }), '192.0.2.7')
  assert.equal(ownAddress({ lo, none: undefined }), '127.0.0.1')
})
