// The fake node holds to the interface where a test would build on it: what goes in comes out, refusals are answered one by
// one, and methods and state of one's own take the place of its own.

import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { AddEntry } from '@pinmesh/node'
import { fakeNode } from '@pinmesh/node/fake'
import { MeshError } from '@pinmesh/node/mesh-error'

async function* entries(files: Record<string, string | null>): AsyncGenerator<AddEntry> {
  for (const [path, words] of Object.entries(files))
    yield words === null ? { path } : { path, content: new Blob([words]).stream() }
}

test('what was added comes back by its CID, whole, in part, or as the CAR that it was', async () => {
  const { content, pinned } = fakeNode()
  const { cid } = await content.add(entries({ 'a/b': 'bee', a: null, c: 'sea' }), { wrap: true, pin: { name: 'all' } })
  const read = async (path?: string): Promise<unknown[]> => {
    const seen: unknown[] = []
    for await (const entry of content.get(cid, path === undefined ? {} : { path }))
      seen.push([entry.path, entry.kind, entry.content && (await text(entry.content))])
    return seen
  }
  const rest = [['a', 'folder', undefined], ['c', 'file', 'sea']] // prettier-ignore
  assert.deepEqual(await read(), [['a/b', 'file', 'bee'], ...rest])
  assert.deepEqual(await read('c'), [['', 'file', 'sea']])
  await assert.rejects(read('d'), { code: 'MESH_PATH_MISSING' })
  assert.deepEqual([...pinned.values()], [{ name: 'all', cid }])

  const [car] = await content.addCar(new Blob(['a CAR']).stream(), {})
  assert.equal(await text(content.getCar(car!.cid)), 'a CAR')
  await assert.rejects(text(content.get('bafkqaaa')), { code: 'MESH_CONTENT_UNREACHABLE' })
})

test('one small file has the CID that it has everywhere', async () => {
  const { cid } = await fakeNode().content.add(entries({ 'hello.txt': 'hello world' }), { wrap: false })
  assert.equal(cid, 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')
})

test('refusals, what was pinned before, and single methods are given', async () => {
  const error = new MeshError('MESH_BAD_CID', 'That is no CID.')
  const node = fakeNode({
    refused: new Map([['bad', error]]),
    pinned: new Map([['a', { cid: 'a', replicas: 3 }]]),
    pins: { retry: () => { throw error } },
    stay: async () => { throw error }
  }) // prettier-ignore
  assert.deepEqual(await node.pins.add([{ cid: 'bad' }, { cid: 'b' }]), [
    { cid: 'bad', error },
    { cid: 'b', want: 2, min: 1 }
  ])
  assert.equal((await node.pins.status('a')).want, 3)
  assert.equal(node.info().pins, 2)
  node.others.add('a')
  const [kept, gone] = await node.pins.rm(['a', 'b'])
  assert.equal(kept !== undefined && 'error' in kept && kept.error.code, 'MESH_OTHERS_PIN')
  assert.deepEqual([gone, [...node.pinned.keys()]], [{ cid: 'b' }, ['a']])
  await assert.rejects(
    node.content.add(entries({}), { wrap: true, pin: {} }).then(async () => node.stay()),
    error
  )
  assert.throws(() => node.pins.retry(), error)
})
