// A Kubo that is not ours alone, and one that comes and goes: nothing that others pinned is ever lost by our doing, and
// what was promised to the mesh is found again or said to be missing.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ContentError, createKuboContent, type KuboContent } from '@pinmesh/ipfs'
import { bytesOf } from '../kit/files.ts'
import { Kubo, withoutKubo } from '../kit/kubo.ts'
import { newFolder, removeFolder } from '../kit/processes.ts'
import { until } from '../kit/until.ts'

const stallMs = 3000
const answerMs = 2000

describe('pins on a Kubo', { skip: withoutKubo }, () => {
  let kubo: Kubo
  let content: KuboContent
  const folders: string[] = []
  const contents: KuboContent[] = []

  const open = async (
    more: { mesh?: string; peer?: string; lost?(cid: string): void; budgetBytes?(): number } = {}
  ): Promise<KuboContent> => {
    const path = newFolder('kubo-pins')
    folders.push(path)
    const init = { path, api: kubo.api, mesh: 'one', peer: 'me', reach: () => [], stallMs, answerMs }
    const opened = createKuboContent({ ...init, ...more })
    await opened.start()
    contents.push(opened)
    return opened
  }
  const acquire = async (cid: string, mode: 'recursive' | 'direct' = 'recursive', on = content): Promise<number> =>
    (await on.acquire(cid, { mode, sources: [], bytesMax: 1 << 30, signal: AbortSignal.timeout(60_000) })).bytes

  before(async () => {
    kubo = await Kubo.start()
    content = await open()
  })
  after(async () => {
    for (const one of contents) await one.stop()
    await kubo.remove()
    for (const folder of folders) removeFolder(folder)
  })

  test('a pin that was there before us stays when ours goes', async () => {
    const cid = await kubo.add(bytesOf('theirs', 2_000_000), { pin: true })
    const named = (await kubo.pins())[cid]
    assert.ok((await acquire(cid)) > 2_000_000)
    await content.release(cid)
    assert.equal((await kubo.pins())[cid], named)
  })

  test('a pin that is made on top of ours stays when ours goes', async () => {
    const cid = await kubo.add(bytesOf('later', 1000))
    await acquire(cid)
    assert.match((await kubo.pins())[cid] ?? '', /^pinmesh one me$/)
    await kubo.call(`pin/add?arg=${cid}`)
    await content.release(cid)
    assert.equal((await kubo.pins())[cid], '')
    assert.equal(await content.pinned(cid), undefined)
  })

  test("somebody's direct pin makes way for our recursive one, and is put back", async () => {
    const cid = await kubo.add(bytesOf('direct', 3_000_000))
    await kubo.call(`pin/add?arg=${cid}&recursive=false&name=keep`)
    await acquire(cid)
    assert.equal((await kubo.pins('direct'))[cid], undefined)
    await acquire(cid, 'direct')
    await content.release(cid)
    assert.equal((await kubo.pins('direct'))[cid], 'keep')
    assert.equal((await kubo.pins())[cid], undefined)
  })

  test("somebody's direct pin is put back though our pin was gone before the release could do it", async () => {
    const cid = await kubo.add(bytesOf('direct, broken off', 2_000_000))
    await kubo.call(`pin/add?arg=${cid}&recursive=false&name=keep`)
    const lost: string[] = []
    const watching = await open({ peer: 'breaks off', lost: (one) => lost.push(one) })
    await acquire(cid, 'recursive', watching)
    assert.equal((await kubo.pins('direct'))[cid], undefined)
    await kubo.call(`pin/rm?arg=${cid}`)
    await watching.probe()
    await until('it is missed', 10_000, () => lost.length > 0)
    await watching.release(cid)
    assert.equal((await kubo.pins('direct'))[cid], 'keep')
    await kubo.call(`pin/rm?arg=${cid}&recursive=false`)
  })

  test("somebody's direct pin of a single block stands beside ours, of either mode in turn, and when ours is gone", async () => {
    const cid = await kubo.add(bytesOf('direct block', 1000))
    await kubo.call(`pin/add?arg=${cid}&recursive=false&name=keep`)
    const standing = async (): Promise<[direct: string | undefined, recursive: string | undefined]> => [
      (await kubo.pins('direct'))[cid],
      (await kubo.pins())[cid]
    ]
    await acquire(cid)
    assert.deepEqual(await standing(), ['keep', 'pinmesh one me'])
    await acquire(cid, 'direct')
    assert.deepEqual(await standing(), ['pinmesh one me', undefined])
    await acquire(cid)
    await content.release(cid)
    assert.deepEqual(await standing(), ['keep', undefined])
    await kubo.call(`pin/rm?arg=${cid}&recursive=false`)
  })

  test('direct pins of others stay by name, few or many, with many acquired and released at once', async () => {
    const names = new Map<string, string>()
    for (let n = 0; n < 110; n++) names.set(await kubo.add(bytesOf(`direct ${n}`, 100)), `keep ${n}`)
    const cids = [...names.keys()]
    const there = async (some: readonly string[]): Promise<void> => {
      const pins = await kubo.pins('direct')
      for (const cid of some) assert.equal(pins[cid], names.get(cid))
    }
    const comeAndGo = async (some: readonly string[]): Promise<void> => {
      await Promise.all(some.map((cid) => acquire(cid)))
      for (const cid of some) assert.equal((await kubo.pins())[cid], 'pinmesh one me')
      await there(some)
      await Promise.all(some.map((cid) => content.release(cid)))
      await there(some)
    }
    const pin = async (some: readonly string[]): Promise<void> => {
      for (const cid of some) await kubo.call(`pin/add?arg=${cid}&recursive=false&name=${names.get(cid)}`)
    }
    await pin(cids.slice(0, 10))
    await comeAndGo(cids.slice(0, 10))
    await pin(cids.slice(10))
    await comeAndGo(cids.slice(0, 10))
    await there(cids)
    for (const cid of cids) await kubo.call(`pin/rm?arg=${cid}&recursive=false`)
  })

  test('our own pin goes, and nothing of it is left', async () => {
    const cid = await kubo.add(bytesOf('ours', 1000))
    await acquire(cid)
    await content.release(cid)
    assert.equal((await kubo.pins())[cid], undefined)
    assert.deepEqual(await content.space(), { usedBytes: 0 })
  })

  test('single blocks are pinned after a pattern of ours, which goes with the last of them', async () => {
    const before = Object.keys(await kubo.pins())
    const alone = await open({ peer: 'alone' })
    const cids = await Promise.all([0, 1, 2].map(async (n) => kubo.add(bytesOf(`leaf ${n}`, 1000))))
    assert.deepEqual(await Promise.all(cids.map((cid) => acquire(cid, 'recursive', alone))), [1000, 1000, 1000])
    const made = Object.entries(await kubo.pins()).filter(([cid]) => !before.includes(cid))
    assert.deepEqual(
      made.map(([, name]) => name),
      ['pinmesh one alone', 'pinmesh one alone', 'pinmesh one alone', 'pinmesh one alone']
    )
    const pattern = made.map(([cid]) => cid).find((cid) => !cids.includes(cid)) as string
    assert.equal(await kubo.call(`cat?arg=${pattern}`), 'pinmesh one alone')
    await kubo.call(`pin/rm?arg=${pattern}`)
    const late = await kubo.add(bytesOf('leaf late', 1000))
    await acquire(late, 'recursive', alone)
    assert.equal((await kubo.pins())[late], 'pinmesh one alone')
    for (const cid of [...cids, late]) await alone.release(cid)
    assert.deepEqual(Object.keys(await kubo.pins()).toSorted(), before.toSorted())
  })

  test('a pin that somebody took away is made again when it is asked for', async () => {
    const cid = await kubo.add(bytesOf('taken away', 2_000_000))
    const bytes = await acquire(cid)
    await kubo.call(`pin/rm?arg=${cid}`)
    assert.equal(await acquire(cid), bytes)
    assert.ok(cid in (await kubo.pins()))
    await content.release(cid)
  })

  test('a pin that somebody took away is said to be lost', async () => {
    const [gone, stays] = [await kubo.add(bytesOf('goes', 1000)), await kubo.add(bytesOf('stays', 1000))]
    const lost: string[] = []
    const watching = await open({ peer: 'watching', lost: (cid) => lost.push(cid) })
    await acquire(gone, 'recursive', watching)
    await acquire(stays, 'direct', watching)
    await kubo.call(`pin/rm?arg=${gone}`)
    await watching.probe()
    await until('it is missed', 10_000, () => lost.length > 0)
    assert.deepEqual(lost, [gone])
    assert.equal(await watching.pinned(gone), undefined)
    assert.ok((await watching.pinned(stays)) !== undefined)
    await acquire(gone, 'recursive', watching)
    assert.ok(gone in (await kubo.pins()))
  })

  test('peers of two meshes on one Kubo do not take pins from each other', async () => {
    const other = await open({ mesh: 'two' })
    const cid = await kubo.add(bytesOf('both', 1000))
    await acquire(cid)
    await acquire(cid, 'recursive', other)
    await content.release(cid)
    assert.ok(cid in (await kubo.pins()))
    assert.ok((await other.pinned(cid)) !== undefined)
    await other.release(cid)
  })

  test('a DAG or a block that is too large leaves no pin', async () => {
    const cid = await kubo.add(bytesOf('large', 5_000_000))
    const small = { mode: 'recursive', sources: [], bytesMax: 1_000_000, signal: AbortSignal.timeout(60_000) } as const
    await fails(content.acquire(cid, small), 'limit')
    assert.equal((await kubo.pins())[cid], undefined)
    const block = await kubo.add(bytesOf('large block', 1000))
    await fails(content.acquire(block, { ...small, bytesMax: 999 }), 'limit')
    assert.equal((await kubo.pins())[block], undefined)
    assert.equal(await content.pinned(block), undefined)
  })

  test('a Kubo that hangs, dies and comes back costs the calls meanwhile and nothing else', async () => {
    const cid = await kubo.add(bytesOf('outlives', 1000))
    const later = await kubo.add(bytesOf('later on', 1000))
    await acquire(cid)
    kubo.signal('SIGSTOP')
    await fails(content.probe(), 'back-end')
    await fails(acquire(later), 'back-end')
    kubo.signal('SIGCONT')
    await content.probe()
    await acquire(later)
    await kubo.end()
    await fails(content.probe(), 'back-end')
    await fails(content.release(later), 'back-end')
    assert.ok((await content.pinned(cid)) !== undefined, 'the journal knows it while Kubo is away')
    const fresh = await open()
    await fails(fresh.probe(), 'back-end')
    await kubo.run()
    await fresh.probe()
    await content.release(later)
    assert.equal((await kubo.pins())[later], undefined)
    assert.ok(cid in (await kubo.pins()))
    await acquire(cid)
  })

  test('a release that Kubo died in the middle of is finished, and the pin not taken for held', async () => {
    const cid = await kubo.add(bytesOf('half gone', 1000))
    await acquire(cid)
    await kubo.end()
    await fails(content.release(cid), 'back-end')
    assert.equal(await content.pinned(cid), undefined)
    await kubo.run()
    await content.release(cid)
    assert.equal((await kubo.pins())[cid], undefined)
  })

  test('a Kubo that dies in the middle of a fetch fails it, and the next try gets it whole', async () => {
    const other = await Kubo.start()
    try {
      const bytes = bytesOf('in the middle', 40_000_000)
      const cid = await other.add(bytes, { pin: true })
      const fetching = acquire(cid)
      fetching.catch(() => {})
      await until('it waits for the blocks', 10_000, async () => {
        for await (const one of content.unfinished()) if (one === cid) return true
        return false
      })
      await kubo.end()
      await fails(fetching, 'back-end')
      assert.equal(await content.pinned(cid), undefined)
      await kubo.run()
      await kubo.call(`swarm/connect?arg=${(await other.addresses())[0]}`)
      assert.ok((await acquire(cid)) > bytes.length)
      assert.ok(cid in (await kubo.pins()))
    } finally {
      await other.remove()
    }
  })

  test('what nobody has holds up nothing else, and ends when its caller ends it', async () => {
    const absent = 'bafkreiemqpndzewx4bioklzfvhtiegsfny5fxuc3nkjk2vmcpjxiammsti'
    const ending = new AbortController()
    const waiting = content.acquire(absent, { mode: 'recursive', sources: [], bytesMax: 1e6, signal: ending.signal })
    const cids = await Promise.all([1, 2, 3].map(async (n) => kubo.add(bytesOf(`beside ${n}`, 1000))))
    await Promise.all(cids.map(async (cid) => acquire(cid)))
    ending.abort()
    await fails(waiting, 'aborted')
    await until('Kubo wants nothing any more', 20_000, async () => {
      const { Keys } = JSON.parse(await kubo.call('bitswap/wantlist')) as { Keys: unknown[] | null }
      return (Keys ?? []).length === 0
    })
  })

  test('however many adds run at once, they keep within the budget', async () => {
    const bounded = await open({ peer: 'bounded', budgetBytes: () => 5_000_000 })
    const adds = [1, 2, 3, 4].map(async (n) => bounded.add([bytesOf(`bounded ${n}`, 2_000_000)]))
    const ended = await Promise.allSettled(adds)
    const { usedBytes } = await bounded.space()
    assert.ok(usedBytes <= 5_000_000 && ended.some(({ status }) => status === 'rejected'))
    for (const one of ended) if (one.status === 'rejected') await fails(Promise.reject(one.reason), 'no-space')
    await bounded.add([bytesOf('bounded, alone', 900_000)])
  })

  test('an add that its source breaks off, or Kubo, fails and pins nothing', async () => {
    const before = Object.keys(await kubo.pins()).length
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield bytesOf('broken off', 3_000_000)
      throw new Error('the source is gone')
    }
    await assert.rejects(content.add(broken()), /the source is gone/)
    const dying = async function* (): AsyncGenerator<Uint8Array> {
      for (let n = 0; n < 100; n++) {
        if (n === 5) await kubo.end()
        yield bytesOf(`dying ${n}`, 1_000_000)
      }
    }
    await fails(content.add(dying()), 'back-end')
    await kubo.run()
    assert.equal(Object.keys(await kubo.pins()).length, before)
  })
})

async function fails(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof ContentError, String(error))
    assert.equal(error.code, code, error.message)
    return true
  })
}
