// mesh get: what the mesh gives lands below one path, whole or not at all.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ContentEntry, ContentPlace } from '@pinmesh/node'
import { MeshError } from '@pinmesh/node'
import { cids, type FakeNode } from '@pinmesh/node/fake'
import fc from 'fast-check'
import { Interrupted } from '../src/failure.ts'
import { partsOf } from '../src/files/parts-of.ts'
import { type TreeInit, writeTree } from '../src/files/write-tree.ts'
import { parseContentPath } from '../src/parse/content-path.ts'
import { folder, served } from './command.ts'

function file(path: string, text: string): ContentEntry {
  return fileOf(path, Buffer.from(text))
}

function fileOf(path: string, bytes: Uint8Array): ContentEntry {
  async function* content(): AsyncGenerator<Uint8Array, void, undefined> {
    yield bytes
  }
  return { path, kind: 'file', size: bytes.length, content: content() }
}

async function* entriesOf(...entries: ContentEntry[]): AsyncGenerator<ContentEntry, void, undefined> {
  yield* entries
}

const initOf = (target: string): TreeInit => ({ target, fileName: 'x', source: cids[0], onBytes: () => {} })

const root: ContentEntry = { path: '', kind: 'folder', size: 0 }

test('a file comes back, in place of one that was there', async (t) => {
  const { run } = await served(t, { content: { get: () => entriesOf(file('', 'bytes')) } })
  const path = join(await folder(t), 'a', 'out.txt')
  for (const _ of [1, 2]) {
    const { exit, objects } = await run(['get', cids[0]!, '-o', path, '--json'])
    assert.equal(exit, 0)
    assert.deepEqual(objects, [{ cid: cids[0], path, bytes: 5, files: 1 }])
  }
  assert.equal(await readFile(path, 'utf8'), 'bytes')
  assert.deepEqual(await readdir(join(path, '..')), ['out.txt'])
})

test('a file goes into a folder that is there, under its CID', async (t) => {
  const { run } = await served(t, { content: { get: () => entriesOf(file('', 'bytes')) } })
  const path = await folder(t)
  assert.equal((await run(['get', `/ipfs/${cids[0]}`, '-o', path, '-q'])).out, `${join(path, cids[0]!)}\n`)
})

test('a folder comes back with what is below it', async (t) => {
  const get = (): AsyncGenerator<ContentEntry> =>
    entriesOf(root, file('b.txt', 'b'), { path: 'none', kind: 'folder', size: 0 }, file('sub/a.txt', 'aa'))
  const { run } = await served(t, { content: { get } })
  const path = join(await folder(t), 'holiday')
  await mkdir(path)
  assert.equal((await run(['get', cids[0]!, '-o', path])).out, `${path}  3 B in 2 files\n`)
  assert.deepEqual((await readdir(path, { recursive: true })).sort(), ['b.txt', 'none', 'sub', 'sub/a.txt'])
  const again = await run(['get', cids[0]!, '-o', path])
  assert.equal(again.exit, 1)
  assert.match(again.err, /the folder is not empty\. \(MESH_PATH_TAKEN\)/)
})

test('a file goes to stdout, a folder does not', async (t) => {
  const { run, node } = await served(t, { content: { get: () => entriesOf(file('', 'bytes')) } })
  assert.equal((await run(['get', cids[0]!, '-o', '-'])).out, 'bytes')
  node.content.get = () => entriesOf(root)
  assert.match((await run(['get', cids[0]!, '-o', '-'])).err, /MESH_NOT_A_FILE/)
  assert.match((await run(['get', cids[0]!, '-o', '-', '--json'])).err, /MESH_USAGE/)
  assert.match((await run(['get', cids[0]!, '-o', ''])).err, /MESH_BAD_VALUE/)
})

test('content that leads elsewhere is refused and leaves nothing', async (t) => {
  const paths = ['../out', 'a/../../out', '/etc/out', 'a//b', '.', 'a/.', 'a\0b', '..']
  for (const path of paths) {
    const parent = await folder(t)
    const writing = writeTree(
      () => entriesOf(root, file('ok', '1'), file(path, 'evil')),
      initOf(join(parent, 'in', 'target'))
    )
    await assert.rejects(writing, { code: 'MESH_PATH_UNSAFE', exit: 2 }, path)
    assert.deepEqual(await readdir(parent, { recursive: true }), ['in'])
  }
})

test('no path of the mesh has a part that leads up or elsewhere', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom('..', '.', '', 'a', '/', '\\', 'C:', '\0'), fc.string())),
      (pieces) => {
        const path = pieces.join('/')
        for (const platform of ['linux', 'win32']) {
          try {
            for (const name of partsOf(path, platform)) assert.ok(!/^\.{0,2}$|[/\0]/.test(name))
          } catch (error) {
            assert.equal((error as { code?: string }).code, 'MESH_PATH_UNSAFE')
          }
        }
      }
    )
  )
  for (const path of ['a\\b', 'C:x', 'a:b', 'a.', 'a '])
    assert.throws(() => partsOf(path, 'win32'), { code: 'MESH_PATH_UNSAFE' })
})

test('a link at the target is replaced, not followed', async (t) => {
  const parent = await folder(t)
  await writeFile(join(parent, 'precious'), 'mine')
  await symlink('precious', join(parent, 'link'))
  await writeTree(() => entriesOf(file('', 'new')), initOf(join(parent, 'link')))
  assert.equal(await readFile(join(parent, 'precious'), 'utf8'), 'mine')
  assert.equal(await readFile(join(parent, 'link'), 'utf8'), 'new')
})

test('names that contradict each other end with a sentence', async (t) => {
  const contradictions = [
    [file('a', '1'), file('a', '2')],
    [file('a', '1'), file('a/b', '2')],
    [file('', '1'), file('a', '2')]
  ]
  for (const entries of contradictions) {
    const parent = await folder(t)
    const writing = writeTree(() => entriesOf(...entries), initOf(join(parent, 'target')))
    await assert.rejects(writing, { code: 'MESH_FILE_UNWRITABLE' })
    assert.deepEqual(await readdir(parent), [])
  }
})

test('what breaks off in the middle leaves what was there', async (t) => {
  const { run } = await served(t, {
    content: {
      async *get() {
        yield root
        yield file('a', '1')
        throw new Error('gone')
      }
    }
  })
  const parent = await folder(t)
  const { exit } = await run(['get', cids[0]!, '-o', join(parent, 'out')])
  assert.equal(exit, 2)
  assert.deepEqual(await readdir(parent), [])
})

test('a part below a CID comes back under its own name', async (t) => {
  const asked: unknown[] = []
  const get = (cid: string, { path }: { path?: string }): AsyncGenerator<ContentEntry> => {
    asked.push([cid, path])
    return entriesOf(file('', 'bytes'))
  }
  const { run } = await served(t, { content: { get } })
  const target = await folder(t)
  const { objects } = await run(['get', `/ipfs/${cids[0]}/a b/c.txt/`, '-o', target, '--json'])
  assert.deepEqual(objects, [{ cid: cids[0], below: 'a b/c.txt', path: join(target, 'c.txt'), bytes: 5, files: 1 }])
  assert.deepEqual(asked, [[cids[0], 'a b/c.txt']])
  for (const path of ['..', 'a/../..', './a']) {
    const { exit, err } = await run(['get', `${cids[0]}/${path}`, '-o', target])
    assert.equal(exit, 1)
    assert.match(err, /MESH_BAD_VALUE/)
  }
  assert.match((await run(['get', 'nonsense/a'])).err, /MESH_BAD_CID/)
  assert.equal(asked.length, 1)
})

test('no path below a CID has a name that leads up', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom('..', '.', '', 'a', '/', '\\', '\0'), fc.string())), (names) => {
      try {
        const { cid, path, name } = parseContentPath(`${cids[0]}/${names.join('/')}`)
        assert.equal(cid, cids[0])
        for (const part of path.split('/')) assert.ok(path === '' || !/^\.{0,2}$|[\0\\]/.test(part))
        assert.ok(name !== '' && !name.includes('/'))
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'MESH_BAD_VALUE')
      }
    })
  )
})

test('a CAR goes to a file, whole or not at all, or to stdout', async (t) => {
  const asked: unknown[] = []
  const { run, node } = await served(t, {
    content: {
      async *getCar(cid, { path } = {}) {
        asked.push({ cid, path })
        yield Buffer.from('a CAR, ')
        yield Buffer.from('in pieces')
      }
    }
  })
  const target = join(await folder(t), 'out.car')
  const { objects } = await run(['get', `${cids[0]}/a`, '--car', '-o', target, '--json'])
  assert.deepEqual(objects, [{ cid: cids[0], below: 'a', path: target, bytes: 16, files: 1 }])
  assert.equal(await readFile(target, 'utf8'), 'a CAR, in pieces')
  assert.deepEqual(asked, [{ cid: cids[0], path: 'a' }])
  assert.equal((await run(['get', cids[0]!, '--car', '-o', '-'])).out, 'a CAR, in pieces')
  node.content.getCar = async function* () {
    yield Buffer.from('half of')
    throw new Error('gone')
  }
  const other = join(await folder(t), 'out.car')
  assert.equal((await run(['get', cids[0]!, '--car', '-o', other])).exit, 2)
  assert.deepEqual(await readdir(join(other, '..')), [])
})

test('a get that is interrupted leaves what was there', async (t) => {
  const stop = new AbortController()
  const get = async function* (_cid: string, { signal }: { signal: AbortSignal }): AsyncGenerator<ContentEntry> {
    yield root
    yield file('a', '1')
    stop.abort(new Interrupted())
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('hung up'))))
  }
  const { run } = await served(t, { content: { get } })
  const parent = await folder(t)
  await writeFile(join(parent, 'other'), 'mine')
  const { exit } = await run(['get', cids[0]!, '-o', join(parent, 'out')], { signal: stop.signal })
  assert.equal(exit, 130)
  assert.deepEqual(await readdir(parent), ['other'])
})

/** The peer has these files, and hangs up after so many bytes of them; what it is asked for. */
function breaking(node: FakeNode, files: Iterable<[path: string, bytes: Uint8Array | null]>): ContentPlace[] {
  const asked: ContentPlace[] = []
  const { get } = node.content
  for (const cid of cids) node.contents.set(cid, new Map(files))
  node.content.get = async function* (cid, options = {}) {
    asked.push(options.from ?? { path: '', offset: 0 })
    let left = 1_800_000
    async function* cut(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const piece of content) {
        if (left < piece.length) throw new MeshError('MESH_CONTENT_UNREACHABLE', 'No peer gave the content.')
        left -= piece.length
        yield piece
      }
    }
    for await (const { content, ...entry } of get(cid, options))
      yield content === undefined ? entry : { ...entry, content: cut(content) }
  }
  return asked
}

test('what was interrupted goes on where it ended, until all is there', async (t) => {
  const large = randomBytes(5_000_000)
  const trees: [string, Uint8Array | null][][] = [
    [['', large]],
    [
      ['', null],
      ['a.txt', Buffer.from('a')],
      ['b', null],
      ['b/large', large],
      ['c.bin', large.subarray(0, 2_000_000)],
      ['empty', Buffer.alloc(0)]
    ]
  ]
  for (const entries of trees) {
    const { run, node } = await served(t)
    const asked = breaking(node, entries)
    const parent = await folder(t)
    const target = join(parent, 'out')
    let ran = await run(['get', cids[0]!, '-o', target, '--json'])
    for (let tries = 1; ran.exit !== 0; tries++) {
      assert.ok(tries < 10)
      assert.match(ran.err, /What has come is kept in .*\.out\.part-.*: the same command goes on after its/)
      assert.equal((await readdir(parent)).length, 1)
      ran = await run(['get', cids[0]!, '-o', target, '--json'])
      assert.match(ran.err, /Going on after the/)
    }
    const files = entries.filter(([, bytes]) => bytes !== null)
    const size = files.reduce((sum, [, bytes]) => sum + bytes!.length, 0)
    assert.deepEqual(ran.objects, [{ cid: cids[0], path: target, bytes: size, files: files.length }])
    for (const [path, bytes] of files) assert.ok((await readFile(join(target, path))).equals(bytes!), path)
    assert.ok(asked.length > 2 && asked.slice(1).every(({ offset }) => offset > 0), JSON.stringify(asked))
    assert.deepEqual(await readdir(parent), ['out'])
  }
})

test('what was interrupted is gone on with only for the same content, and only once', async (t) => {
  const large = randomBytes(5_000_000)
  const { run, node } = await served(t)
  breaking(node, [
    ['', null],
    ['below', large]
  ])
  const parent = await folder(t)
  const target = join(parent, 'out')
  await run(['get', cids[0]!, '-o', target])
  for (const other of [cids[1]!, `${cids[0]}/below`]) {
    const { err } = await run(['get', other, '-o', target])
    assert.doesNotMatch(err, /Going on/)
  }
  assert.equal((await readdir(parent)).length, 3)
  const both = await Promise.all([1, 2].map(async () => run(['get', cids[0]!, '-o', target])))
  assert.equal(both.filter(({ err }) => /Going on/.test(err)).length, 1)
})

test('what a try has written beyond what it noted is written anew', async (t) => {
  const large = randomBytes(3_000_000)
  const { run, node } = await served(t)
  breaking(node, [['', large]])
  const parent = await folder(t)
  await run(['get', cids[0]!, '-o', join(parent, 'out')])
  const [part] = await readdir(parent)
  await appendFile(join(parent, part!, 'content'), 'half a piece')
  assert.match((await run(['get', cids[0]!, '-o', join(parent, 'out')])).err, /Going on/)
  assert.ok((await readFile(join(parent, 'out'))).equals(large))
})

test('nothing is kept of a CAR, of content at fault, or of what somebody may have changed', async (t) => {
  const large = randomBytes(5_000_000)
  const car = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield large
    throw new MeshError('MESH_CONTENT_UNREACHABLE', 'No peer gave the content.')
  }
  const { run } = await served(t, {
    content: { getCar: car, get: () => entriesOf(root, fileOf('a', large), file('../b', 'b')) }
  })
  const parent = await folder(t)
  for (const flags of [['--car'], []]) {
    const { exit, err } = await run(['get', cids[0]!, '-o', join(parent, 'out'), ...flags])
    assert.notEqual(exit, 0, err)
    assert.deepEqual(await readdir(parent), [])
  }
  const again = await served(t)
  const asked = breaking(again.node, [['', large]])
  await again.run(['get', cids[0]!, '-o', join(parent, 'out')])
  const [part] = await readdir(parent)
  await writeFile(join(parent, part!, 'content'), 'short')
  await again.run(['get', cids[0]!, '-o', join(parent, 'out')])
  assert.deepEqual(asked, [
    { path: '', offset: 0 },
    { path: '', offset: 0 }
  ])
})
