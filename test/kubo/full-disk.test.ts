// A Kubo whose disk runs full, on a small file system of its own: what has no room fails as that, what is there stays, and
// it is well again once there is room.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ContentError, createKuboContent, type KuboContent } from '@pinmesh/ipfs'
import { bytesOf } from '../kit/files.ts'
import { Kubo, withoutKubo } from '../kit/kubo.ts'
import { newFolder, removeFolder } from '../kit/processes.ts'
import { SmallDisk, smallDiskMissing } from '../kit/small-disk.ts'

const megabytes = 48

describe('a Kubo on a disk that runs full', { skip: withoutKubo === false ? smallDiskMissing() : withoutKubo }, () => {
  const folder = newFolder('kubo-full')
  let disk: SmallDisk
  let kubo: Kubo
  let other: Kubo
  let content: KuboContent

  before(async () => {
    disk = new SmallDisk(megabytes)
    kubo = await Kubo.start({ repo: join(disk.path, 'repo') })
    other = await Kubo.start()
    content = createKuboContent({ path: folder, api: kubo.api, mesh: 'full', peer: 'me', reach: () => [] })
    await content.start()
  })
  after(async () => {
    await content.stop()
    await kubo.remove()
    await other.remove()
    disk.remove()
    removeFolder(folder)
  })

  const acquire = async (cid: string): Promise<unknown> =>
    content.acquire(cid, { mode: 'recursive', sources: [], bytesMax: 1 << 30, signal: AbortSignal.timeout(60_000) })

  test('what has no room fails as that, and is pinned nowhere', async () => {
    const kept = await content.add([bytesOf('kept', 2_000_000)])
    const far = await other.add(bytesOf('far', 60_000_000), { pin: true })
    await kubo.call(`swarm/connect?arg=${(await other.addresses())[0]}`)
    disk.fill(500_000)
    await fails(content.add([bytesOf('too large', 3_000_000)]))
    await fails(content.probe())
    await fails(acquire(far))
    await fails(content.probe())
    assert.deepEqual(Object.keys(await pinsOfOurs()), [kept.cid])
    assert.deepEqual(await content.space(), { usedBytes: kept.bytes })
  })

  test('once there is room it is well again, and takes what is offered', async () => {
    disk.clear()
    await content.probe()
    const { cid } = await content.add([bytesOf('fits', 3_000_000)])
    assert.ok(cid in (await pinsOfOurs()))
    await content.probe()
  })

  async function pinsOfOurs(): Promise<Record<string, string>> {
    return Object.fromEntries(Object.entries(await kubo.pins()).filter(([, name]) => name.startsWith('pinmesh')))
  }
})

async function fails(promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof ContentError, String(error))
    assert.equal(error.code, 'no-space', error.message)
    return true
  })
}
