// mesh pin and mesh unpin.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MeshError } from '@pinmesh/node/mesh-error'
import type { PinStatus } from '@pinmesh/node'
import { cids, other, type Overrides, peer } from '@pinmesh/node/fake'
import { Interrupted } from '../src/failure.ts'
import { served } from './command.ts'

/** What other writers have pinned, and what is refused. */
const othersCid = 'bafkqaalx'
const refusedCid = 'bafkqaaly'
const tooFew = new MeshError('MESH_TOO_FEW_PEERS', 'Too few could hold it.', { remedy: 'Add --anyway.' })
const unwilling: Overrides = { others: new Set([othersCid]), refused: new Map([[refusedCid, tooFew]]) }

test('several pins are wished for with all their terms', async (t) => {
  const { node, run } = await served(t)
  const words = [
    'pin',
    cids[0]!,
    `/ipfs/${cids[1]}`,
    '-r',
    '3',
    '--min',
    '2',
    '--name',
    'films',
    '--meta',
    'a=1',
    '--meta',
    'b=2'
  ]
  const { exit, out } = await run([...words, '--expire-in', '30d', '--anyway'])
  assert.equal(exit, 0)
  assert.equal(out, `pinned ${cids[0]}, 3 copies wanted\npinned ${cids[1]}, 3 copies wanted\n`)
  const terms = {
    replicas: 3,
    min: 2,
    name: 'films',
    meta: { a: '1', b: '2' },
    expireInMs: 2_592_000_000,
    anyway: true
  }
  assert.deepEqual(
    [...node.pinned.values()],
    [
      { ...terms, cid: cids[0] },
      { ...terms, cid: cids[1] }
    ]
  )
})

test('a pin may choose its peers, its turn, its origins, its slot and how much of it', async (t) => {
  const { node, run } = await served(t)
  const origins = ['/ip4/192.0.2.7/tcp/4001', `/dns4/example.org/tcp/4001/p2p/${peer}`]
  const words = ['pin', cids[0]!, '-r', 'all', '--on', `${peer},${other}`, '--on', peer, '--priority', 'high']
  const more = ['--origin', origins[0]!, '--origin', origins[1]!, '--slot', 'web', '--mode', 'direct']
  assert.equal((await run([...words, ...more])).exit, 0)
  const terms = { replicas: 'all', chosen: [peer, other], priority: 192, origins, slot: 'web', mode: 'direct' }
  assert.deepEqual(node.pinned.get(cids[0]!), { cid: cids[0], ...terms })
})

test('what does not fit is refused before anything is asked', async (t) => {
  const { node, run } = await served(t)
  const many = (flag: string, values: string[]): string[] => values.flatMap((value) => [flag, value])
  const refused: [string, string[]][] = [
    ['MESH_BAD_VALUE', ['-r', 'some']],
    ['MESH_BAD_VALUE', ['--on', `${peer},nobody`]],
    ['MESH_USAGE', ['--on', Array.from({ length: 17 }, (_, n) => peer.slice(0, -1) + 'ABCDEFGHJKLMNPQRS'[n]).join()]],
    ['MESH_BAD_VALUE', ['--priority', '256']],
    ['MESH_BAD_VALUE', ['--priority', 'higher']],
    ['MESH_BAD_ADDRESS', ['--origin', 'example.org']],
    [
      'MESH_USAGE',
      many(
        '--origin',
        Array.from({ length: 9 }, (_, n) => `/ip4/192.0.2.7/tcp/${n + 1}`)
      )
    ],
    ['MESH_BAD_VALUE', ['--slot', 'longer-than-sixteen']],
    ['MESH_BAD_VALUE', ['--slot', 'a.b']],
    ['MESH_USAGE', ['--mode', 'half']]
  ]
  for (const [code, words] of refused) {
    const { exit, err } = await run(['pin', cids[0]!, ...words])
    assert.equal(exit, 1, words.join(' '))
    assert.match(err, new RegExp(code), words.join(' '))
  }
  assert.equal(node.pinned.size, 0)
})

test('unpin ends the request of one slot or of every slot, and says what is left', async (t) => {
  const asked: unknown[] = []
  const { run } = await served(t, {
    pins: {
      rm: async ([cid], how) => {
        asked.push({ slot: how?.slot, everySlot: how?.everySlot })
        return [{ cid: cid!, slots: ['', 'backup'] }]
      }
    }
  })
  const { out } = await run(['unpin', cids[0]!, '--slot', 'web'])
  assert.equal(out, `unpinned ${cids[0]}; still pinned without a slot, in slot backup\n`)
  const { objects } = await run(['unpin', cids[0]!, '--all-slots', '--json'])
  assert.deepEqual(objects, [{ cid: cids[0], slots: ['', 'backup'], unpinned: true }])
  assert.deepEqual(asked, [
    { slot: 'web', everySlot: false },
    { slot: undefined, everySlot: true }
  ])
  assert.match((await run(['unpin', cids[0]!, '--slot', 'web', '--all-slots'])).err, /MESH_USAGE/)
})

test('with --json each pin is an object of its own, refused ones too', async (t) => {
  const { run } = await served(t, unwilling)
  const { exit, objects, err } = await run(['pin', cids[0]!, refusedCid, '--json'])
  assert.equal(exit, 3)
  assert.deepEqual(objects, [
    { cid: cids[0], want: 2, min: 1 },
    {
      cid: refusedCid,
      error: { code: 'MESH_TOO_FEW_PEERS', message: 'Too few could hold it.', remedy: 'Add --anyway.' }
    }
  ])
  assert.equal(err, 'mesh: Too few could hold it. (MESH_TOO_FEW_PEERS)\n  Add --anyway.\n')
})

test('a lone refused pin tells its own exit code', async (t) => {
  const { run } = await served(t, unwilling)
  assert.equal((await run(['pin', refusedCid])).exit, 2)
})

test('pins come one a line from stdin, and a bad line stops no other', async (t) => {
  const { node, run } = await served(t)
  const { exit, objects } = await run(['pin', '-', cids[2]!, '--json'], {
    stdin: `${cids[0]}\n\n  nonsense\r\n/ipfs/${cids[1]}`
  })
  assert.equal(exit, 3)
  assert.deepEqual([...node.pinned.keys()].sort(), cids.slice(0, 3))
  assert.equal(objects.filter(({ error }) => error !== undefined).length, 1)
})

test('thousands of lines go out in several requests', async (t) => {
  const sizes: number[] = []
  const { run } = await served(t, {
    pins: {
      add: async (requests) => {
        sizes.push(requests.length)
        return requests.map(({ cid }) => ({ cid, want: 1, min: 1 }))
      }
    }
  })
  const stdin = Array.from({ length: 2500 }, (_, at) => `bafkqaa${'abcdefghij'[at % 10]}`).join('\n')
  const { exit, out } = await run(['pin', '-', '-q'], { stdin })
  assert.equal(exit, 0)
  assert.equal(out.split('\n').length, 2501)
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    2500
  )
  assert.ok(Math.max(...sizes) <= 1000)
})

test('a bad argument refuses all before anything is asked', async (t) => {
  const { node, run } = await served(t)
  const { exit, err } = await run(['pin', cids[0]!, 'nonsense'])
  assert.deepEqual([exit, node.pinned.size], [1, 0])
  assert.match(err, /MESH_BAD_CID/)
})

test('terms that contradict each other are refused', async (t) => {
  const { run } = await served(t)
  assert.match((await run(['pin', cids[0]!, '-r', '2', '--min', '3'])).err, /MESH_BAD_REPLICAS/)
  assert.match((await run(['pin', cids[0]!, '--timeout', '3s'])).err, /MESH_USAGE/)
})

test('--wait stays until enough hold it: as many as wanted, or as told', async (t) => {
  const asked: number[] = []
  const { run, node } = await served(t)
  const plain = node.pins.waitFor.bind(node.pins)
  node.pins.waitFor = (cid, holders, signal) => {
    asked.push(holders)
    return plain(cid, holders, signal)
  }
  const all = await run(['pin', '--wait', cids[0]!, '-r', '3', '--json'])
  assert.deepEqual(all.objects, [{ cid: cids[0], want: 3, min: 1, have: 3 }])
  assert.deepEqual((await run(['pin', cids[1]!, '--wait', '1', '--json'])).objects[0]!.have, 1)
  assert.equal((await run(['pin', cids[1]!, '--wait', '--timeout', '1m'])).out, `${cids[1]}  2 of 2 copies\n`)
  assert.deepEqual(asked, [3, 1, 2])
})

test('a wait that lasts too long is exit code 62', async (t) => {
  const { run } = await served(t, {
    pins: {
      async *waitFor(cid, _holders, { signal } = {}) {
        yield { cid, want: 2, min: 1, have: 1, peers: [] }
        await new Promise((resolve) => signal!.addEventListener('abort', resolve, { once: true }))
      }
    }
  })
  const { exit, objects, err } = await run(['pin', cids[0]!, '--wait', '--timeout', '300ms', '--json'])
  assert.equal(exit, 62)
  assert.match(err, /MESH_TIMED_OUT/)
  assert.deepEqual(objects[0]!.have, 1)
  assert.equal((objects[0]!.error as { code: string }).code, 'MESH_TIMED_OUT')
})

test('the time of a wait is also that of a peer that does not answer', async (t) => {
  const { run } = await served(t, { pins: { add: async () => new Promise<never>(() => {}) } })
  const { exit, err } = await run(['pin', cids[0]!, '--wait', '--timeout', '300ms'])
  assert.equal(exit, 62)
  assert.match(err, /MESH_TIMED_OUT/)
})

test('on a terminal a wait shows at how many peers it has failed', async (t) => {
  const failed = { state: 'failed', since: 0, target: true } as const
  const { run } = await served(t, {
    pins: {
      async *waitFor(cid) {
        yield { cid, want: 2, min: 1, have: 0, peers: [peer, other].map((one) => ({ peer: one, ...failed })) }
        yield { cid, want: 2, min: 1, have: 2, peers: [] }
      }
    }
  })
  const { err } = await run(['pin', cids[0]!, '--wait'], { typed: '' })
  assert.ok(err.includes(`\r0 of 2 copies, failed at 2  ${cids[0]}`), err)
})

test('when the time is over each pin is told as far as it has come, and what was held meanwhile is done', async (t) => {
  const have = new Map([
    [cids[0], 1],
    [cids[1], 2],
    [cids[2], 0]
  ])
  const statusOf = (cid: string): PinStatus => ({ cid, want: 2, min: 1, have: have.get(cid)!, peers: [] })
  const { run } = await served(t, {
    pins: {
      status: async (cid) => statusOf(cid),
      async *waitFor(cid, _holders, { signal } = {}) {
        yield statusOf(cid)
        await new Promise((resolve) => signal!.addEventListener('abort', resolve, { once: true }))
      }
    }
  })
  const words = ['pin', cids[0]!, cids[1]!, cids[2]!, '--wait', '--timeout', '300ms']
  const { exit, out, err } = await run(words)
  assert.equal(exit, 62)
  assert.equal(out, `${cids[0]}  1 of 2 copies\n${cids[1]}  2 of 2 copies\n${cids[2]}  0 of 2 copies\n`)
  assert.equal(err.match(/MESH_TIMED_OUT/g)?.length, 1)
  const { objects } = await run([...words, '--json'])
  assert.deepEqual(
    objects.map((one) => [one.have, 'error' in one]),
    [
      [1, true],
      [2, false],
      [0, true]
    ]
  )
})

test('Ctrl-C ends a wait with exit code 130, and what is pinned is told', async (t) => {
  const stopping = new AbortController()
  const { run } = await served(t, {
    pins: {
      async *waitFor(cid, _holders, { signal } = {}) {
        yield { cid, want: 2, min: 1, have: 1, peers: [] }
        stopping.abort(new Interrupted())
        await new Promise((resolve) => signal!.addEventListener('abort', resolve, { once: true }))
      }
    }
  })
  const words = ['pin', cids[0]!, cids[1]!, '--wait', '--json']
  const { exit, err, objects } = await run(words, { signal: stopping.signal })
  assert.equal(exit, 130)
  assert.deepEqual(
    objects.map(({ cid, error }) => [cid, (error as { code: string }).code]),
    [cids[0], cids[1], undefined].map((cid) => [cid, 'MESH_INTERRUPTED'])
  )
  assert.equal(err.match(/MESH_INTERRUPTED/g)?.length, 1)
})

test('a peer that may not write says what its owner has to run', async (t) => {
  const remedy = `Ask the owner to run on the founding peer: mesh writers add ${peer}`
  const { run } = await served(t, {
    pins: {
      add: async ([request]) => [
        { cid: request!.cid, error: new MeshError('MESH_NOT_A_WRITER', 'It may not.', { remedy }) }
      ]
    }
  })
  const { exit, err } = await run(['pin', cids[0]!])
  assert.equal(exit, 2)
  assert.equal(err, `mesh: It may not. (MESH_NOT_A_WRITER)\n  ${remedy}\n`)
})

test("unpin ends one's own pin, and another's only with --yes", async (t) => {
  const { node, run } = await served(t, unwilling)
  await run(['pin', cids[0]!])
  const { exit, objects, err } = await run(['unpin', cids[0]!, othersCid, '--json'])
  assert.equal(exit, 3)
  assert.deepEqual(objects[0], { cid: cids[0], unpinned: true })
  assert.match(err, /MESH_OTHERS_PIN/)
  assert.equal(node.pinned.size, 0)
  assert.equal((await run(['unpin', '-', '--yes'], { stdin: othersCid })).out, `unpinned ${othersCid}\n`)
})

test('on a terminal unpin asks', async (t) => {
  const { run } = await served(t, unwilling)
  const yes = await run(['unpin', othersCid], { typed: 'y\n' })
  assert.deepEqual([yes.exit, yes.out], [0, `unpinned ${othersCid}\n`])
  assert.match(yes.err, /Others want it\. Unpin it for everybody\? \[y\/N\]/)
  const no = await run(['unpin', othersCid], { typed: '\n' })
  assert.deepEqual([no.exit, no.out], [2, ''])
})

test('retry says what is tried again and where', async (t) => {
  const { run } = await served(t)
  await run(['pin', cids[0]!])
  assert.equal((await run(['retry'])).out, `${cids[0]}  tried again here, 2 other peers asked to try again\n`)
  const { out } = await run(['retry', cids[0]!, '--local'])
  assert.equal(out, `${cids[0]}  tried again here, 2 other peers failed too and will try in their time\n`)
  const { exit, objects } = await run(['retry', cids[0]!, cids[1]!, '--json'])
  assert.deepEqual([exit, objects[0]], [3, { cid: cids[0], here: true, failed: 2, asked: true }])
  assert.equal((objects[1]!.error as { code: string }).code, 'MESH_NOT_PINNED')
  await run(['unpin', cids[0]!])
  assert.match((await run(['retry'])).err, /There is nothing to try again/)
})

test('update puts one CID in the place of another, and shows how far it is', async (t) => {
  const { node, run } = await served(t)
  await run(['pin', cids[0]!])
  const words = ['-r', '3', '--name', 'films', '--on', peer, '--slot', 'web', '--wait', '2', '--spread', '--yes']
  const { exit, objects } = await run(['pin', 'update', cids[0]!, `/ipfs/${cids[1]}/a`, ...words, '--json'])
  assert.equal(exit, 0)
  const [cid, old] = [`/ipfs/${cids[1]}/a`, cids[0]]
  const step = { old, cid, want: 3, min: 2, needed: 2 }
  assert.deepEqual(objects, [
    { ...step, have: 1, done: false },
    { ...step, have: 2, done: false },
    { ...step, have: 2, done: true }
  ])
  const terms = { replicas: 3, name: 'films', chosen: [peer] }
  assert.deepEqual(node.asked, [{ old, cid, terms, slot: 'web', held: 2, spread: true, yes: true }])
  assert.deepEqual([...node.pinned.keys()], [cid])
  assert.equal((await run(['pin', 'update', cids[2]!, cids[3]!])).exit, 1)
  await run(['pin', cids[0]!])
  const { out } = await run(['pin', 'update', cids[0]!, cids[1]!])
  assert.equal(out, `pinned ${cids[1]} in the place of ${cids[0]}, with 2 copies\n`)
})

test('an update that came to its end before says that there was nothing to do', async (t) => {
  const { run } = await served(t, {
    pins: {
      async *update(old, cid) {
        yield { old, cid, want: 3, min: 2, have: 3, needed: 3, done: true }
      }
    }
  })
  const { exit, out } = await run(['pin', 'update', cids[0]!, cids[1]!])
  assert.deepEqual([exit, out], [0, `pinned ${cids[1]} in the place of ${cids[0]} before; nothing was to be done\n`])
})

test('an update that ends too early says that both stay pinned, and that it can be gone on with', async (t) => {
  const { run } = await served(t, {
    pins: {
      async *update(old, cid, { signal } = {}) {
        yield { old, cid, want: 3, min: 2, have: 1, needed: 3, done: false }
        await new Promise((resolve) => signal!.addEventListener('abort', resolve, { once: true }))
      }
    }
  })
  const { exit, err } = await run(['pin', 'update', cids[0]!, cids[1]!, '--timeout', '300ms'])
  assert.equal(exit, 62)
  assert.match(err, /Both stay pinned; the same command goes on from there\.\n.*MESH_TIMED_OUT/)
})

test('a path below a CID is for the peer to look up, and the answer names the CID that was found', async (t) => {
  const { run } = await served(t, {
    pins: { add: async ([request]) => [{ cid: cids[1]!, want: 2, min: 1, path: request!.cid }] }
  })
  const { out } = await run(['pin', `ipfs://${cids[0]}/a//b/`])
  assert.equal(out, `pinned ${cids[1]} (/ipfs/${cids[0]}/a/b), 2 copies wanted\n`)
  assert.match((await run(['pin', `${cids[0]}/../b`])).err, /MESH_BAD_VALUE/)
  assert.match((await run(['unpin', `${cids[0]}/a`])).err, /MESH_BAD_CID/)
})
