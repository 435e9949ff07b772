// mesh add: what of a disk reaches the peer, under which names.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { MeshError } from '@pinmesh/node/mesh-error'
import { cids } from '@pinmesh/node/fake'
import { Interrupted } from '../src/failure.ts'
import { addedTo, folder, served } from './command.ts'

async function tree(t: TestContext): Promise<string> {
  const path = await folder(t)
  await mkdir(join(path, 'holiday', 'sub', 'deep'), { recursive: true })
  await mkdir(join(path, 'holiday', 'none'))
  await writeFile(join(path, 'holiday', 'b.txt'), 'bee')
  await writeFile(join(path, 'holiday', 'sub', 'deep', 'a.txt'), 'ay')
  await writeFile(join(path, 'one.txt'), 'one')
  await symlink('/etc/passwd', join(path, 'holiday', 'link'))
  return path
}

test('a file is added as it is, and pinned', async (t) => {
  const { node, run } = await served(t)
  const path = join(await tree(t), 'one.txt')
  const { exit, objects } = await run(['add', path, '-r', '3', '--name', 'uno', '--json'])
  assert.equal(exit, 0)
  assert.deepEqual(objects, [{ cid: addedTo(node).cid, path, bytes: 3, want: 3, min: 1 }])
  assert.deepEqual(addedTo(node).files, [['one.txt', 'one']])
  assert.deepEqual(node.asked, [{ wrap: false, pin: { replicas: 3, name: 'uno' } }])
})

test('a folder is added with all below it; links are left out and named', async (t) => {
  const { node, run } = await served(t)
  const path = join(await tree(t), 'holiday')
  const { exit, out, err } = await run(['add', `${path}/`])
  assert.equal(exit, 0)
  assert.equal(out, `added ${addedTo(node).cid}  ${path}/, 5 B\n`)
  assert.deepEqual(addedTo(node).files, [
    ['b.txt', 'bee'],
    ['none', null],
    ['sub/deep/a.txt', 'ay']
  ])
  assert.deepEqual(node.asked, [{ wrap: true, pin: {} }])
  assert.equal(err, `Left out ${join(path, 'link')}: neither a file nor a folder.\n`)
})

test('each argument becomes a CID, with --wrap all become one', async (t) => {
  const { node, run } = await served(t)
  const path = await tree(t)
  const words = [join(path, 'one.txt'), join(path, 'holiday', 'sub'), join(path, 'holiday', 'none'), '-']
  const each = await run(['add', ...words, '-q'], { stdin: 'typed' })
  assert.equal(node.contents.size, 4)
  assert.equal(each.out, [...node.contents.keys(), ''].join('\n'))
  assert.deepEqual(addedTo(node).files, [['stdin', 'typed']])
  const wrapped = await run(['add', '--wrap', ...words, '-q'], { stdin: 'typed' })
  assert.equal(wrapped.out, `${addedTo(node).cid}\n`)
  assert.deepEqual(addedTo(node).files, [
    ['one.txt', 'one'],
    ['sub/deep/a.txt', 'ay'],
    ['none', null],
    ['stdin', 'typed']
  ])
})

test('--wait stays until enough hold it', async (t) => {
  const { node, run } = await served(t)
  const path = join(await tree(t), 'one.txt')
  const { objects } = await run(['add', path, '--wait', '-r', '2', '--json'])
  assert.deepEqual(objects, [{ cid: addedTo(node).cid, path, bytes: 3, want: 2, min: 1, have: 2 }])
})

test('what is waited for is waited for once all is added, also if the last could not be', async (t) => {
  const did: string[] = []
  const { node, run } = await served(t, {
    pins: {
      async *waitFor(cid, have) {
        did.push('wait')
        yield { cid, want: 2, min: 1, have, peers: [] }
      }
    }
  })
  const plain = node.content.add.bind(node.content)
  node.content.add = async (entries, options) => {
    did.push('add')
    if (did.length === 3) throw new MeshError('MESH_NOT_A_WRITER', 'It may not.')
    return plain(entries, options)
  }
  const path = await tree(t)
  const words = [join(path, 'one.txt'), join(path, 'holiday'), '-', '--wait', '-r', '2', '--json']
  const { exit, objects } = await run(['add', ...words])
  assert.deepEqual(did, ['add', 'add', 'add', 'wait', 'wait'])
  assert.deepEqual(
    objects.map(({ have }) => have),
    [2, 2, undefined]
  )
  assert.equal(exit, 2)
})

test('what cannot be read is told before anything is added', async (t) => {
  const { node, run } = await served(t)
  const path = await tree(t)
  const { exit, err } = await run(['add', join(path, 'one.txt'), join(path, 'two.txt')])
  assert.equal(exit, 1)
  assert.match(err, /two\.txt cannot be read: there is nothing there\. \(MESH_FILE_UNREADABLE\)/)
  assert.deepEqual(node.asked, [])
})

test('why a file cannot be read is told in words', async (t) => {
  const { run } = await served(t)
  const path = await tree(t)
  await symlink('circle', join(path, 'circle'))
  assert.match(
    (await run(['add', join(path, 'circle')])).err,
    /: its links lead in a circle\. \(MESH_FILE_UNREADABLE\)/
  )
  if (process.platform !== 'linux') return // elsewhere no file can have such a name
  await writeFile(Buffer.concat([Buffer.from(join(path, 'holiday', 'a')), Buffer.of(0xff)]), '')
  assert.match((await run(['add', path])).err, /: its name is not UTF-8, rename it\. \(MESH_FILE_UNREADABLE\)/)
})

test('a named pipe is read to its end, and one that nobody writes to keeps no interrupted command', async (t) => {
  const { node, run } = await served(t)
  const path = join(await folder(t), 'pipe')
  execFileSync('mkfifo', [path])
  const [{ exit }] = await Promise.all([run(['add', path]), writeFile(path, 'piped')])
  assert.equal(exit, 0)
  assert.deepEqual(addedTo(node).files, [['pipe', 'piped']])
  const stopping = new AbortController()
  node.content.add = async (entries) => {
    for await (const { content } of entries) {
      stopping.abort(new Interrupted()) // it waits for a writer now
      for await (const _ of content ?? []);
    }
    throw new Error('it never ends')
  }
  assert.equal((await run(['add', path], { signal: stopping.signal })).exit, 130)
})

test('an empty path is refused, not taken for the folder that one is in', async (t) => {
  const { node, run } = await served(t)
  const { exit, err } = await run(['add', ''])
  assert.equal(exit, 1)
  assert.match(err, /"" is not a path\. \(MESH_BAD_VALUE\)/)
  assert.deepEqual(node.asked, [])
})

test('one refused file does not keep the others out', async (t) => {
  const { node, run } = await served(t)
  const plain = node.content.add.bind(node.content)
  let first = true
  node.content.add = async (entries, options) => {
    if (!first) return plain(entries, options)
    first = false
    throw new MeshError('MESH_NO_SPACE', 'No room.', { remedy: 'Give more.' })
  }
  const path = await tree(t)
  const { exit, objects } = await run(['add', join(path, 'holiday'), join(path, 'one.txt'), '--json'])
  assert.equal(exit, 3)
  assert.deepEqual(objects[0], {
    path: join(path, 'holiday'),
    error: { code: 'MESH_NO_SPACE', message: 'No room.', remedy: 'Give more.' }
  })
  assert.equal(objects[1]!.cid, addedTo(node).cid)
  first = true
  const { err } = await run(['add', join(path, 'holiday'), join(path, 'one.txt')])
  assert.equal(err, `mesh: ${join(path, 'holiday')}: No room. (MESH_NO_SPACE)\n  Give more.\n`)
})

test('a wait that is interrupted tells what was added, also with -q', async (t) => {
  const stopping = new AbortController()
  const { node, run } = await served(t, {
    pins: {
      async *waitFor(cid, _holders, { signal } = {}) {
        yield { cid, want: 2, min: 1, have: 1, peers: [] }
        stopping.abort(new Interrupted())
        await new Promise((resolve) => signal!.addEventListener('abort', resolve, { once: true }))
      }
    }
  })
  const path = join(await tree(t), 'one.txt')
  const { exit, out } = await run(['add', path, '--wait', '-q'], { signal: stopping.signal })
  assert.deepEqual([exit, out], [130, `${addedTo(node).cid}\n`])
})

test('a bar moves on a terminal and nowhere else', async (t) => {
  const { run } = await served(t)
  const path = join(await tree(t), 'one.txt')
  await writeFile(path, 'x'.repeat(5_000_000))
  assert.match((await run(['add', path], { typed: '' })).err, /░|█/)
  assert.equal((await run(['add', path])).err, '')
  assert.equal((await run(['add', path, '-q'], { typed: '' })).err, '')
})

test('hidden files of a folder are left out and counted, unless they are asked for or named themselves', async (t) => {
  const { node, run } = await served(t)
  const path = join(await tree(t), 'holiday')
  await mkdir(join(path, '.git', 'objects'), { recursive: true })
  await writeFile(join(path, '.git', 'config'), 'secret')
  await writeFile(join(path, 'sub', '.env'), 'secret')
  const { err } = await run(['add', path])
  assert.deepEqual(
    addedTo(node).files.map(([name]) => name),
    ['b.txt', 'none', 'sub/deep/a.txt']
  )
  assert.match(err, /Left out 2 hidden files or folders; --hidden takes them too\.\n$/)
  const all = await run(['add', path, '--hidden'])
  assert.deepEqual(
    addedTo(node).files.map(([name]) => name),
    ['.git/config', '.git/objects', 'b.txt', 'none', 'sub/.env', 'sub/deep/a.txt']
  )
  assert.doesNotMatch(all.err, /hidden/)
  await run(['add', join(path, 'sub', '.env')])
  assert.deepEqual(addedTo(node).files, [['.env', 'secret']])
})

test('a link that is named is followed', async (t) => {
  const { node, run } = await served(t)
  const path = await tree(t)
  await symlink(join(path, 'one.txt'), join(path, 'to-one'))
  await run(['add', join(path, 'to-one')])
  assert.deepEqual(addedTo(node).files, [['to-one', 'one']])
})

test('without a pin it is a copy here, and says so; what tells of a pin contradicts that', async (t) => {
  const { node, run } = await served(t)
  const path = join(await tree(t), 'one.txt')
  const { objects } = await run(['add', path, '--no-pin', '--json'])
  assert.deepEqual(objects, [{ cid: addedTo(node).cid, path, bytes: 3 }])
  assert.deepEqual(node.asked, [{ wrap: false }])
  assert.match((await run(['add', path, '--no-pin'])).out, /, not pinned\n$/)
  for (const flags of [['-r', '2'], ['--name', 'x'], ['--wait']]) {
    const { exit, err } = await run(['add', path, '--no-pin', ...flags])
    assert.equal(exit, 1)
    assert.match(err, /MESH_USAGE/)
  }
})

test('--nocopy is refused with its reason, a chunker that is none by its form', async (t) => {
  const { node, run } = await served(t)
  const path = join(await tree(t), 'one.txt')
  const { exit, err } = await run(['add', '--nocopy', path])
  assert.equal(exit, 1)
  assert.match(err, /changed\. \(MESH_NOCOPY\)/)
  for (const how of ['buzhash', 'size-0', 'size-1048577', 'size-2048-4096', 'rabin-2048', 'rabin-4096-2048-8192'])
    assert.match((await run(['add', path, '--chunker', how])).err, /MESH_BAD_VALUE/, how)
  assert.deepEqual(node.asked, [])
  await run(['add', path, '--chunker', 'size-65536'])
  assert.deepEqual(node.asked, [{ wrap: false, chunker: 'size-65536', pin: {} }])
})

test('two of one name do not fit into one folder', async (t) => {
  const { node, run } = await served(t)
  const path = await tree(t)
  await writeFile(join(path, 'holiday', 'one.txt'), 'another')
  const { exit, err } = await run(['add', '--wrap', join(path, 'one.txt'), join(path, 'holiday', 'one.txt')])
  assert.equal(exit, 1)
  assert.match(err, /Two of them are called one\.txt\. \(MESH_USAGE\)/)
  assert.deepEqual(node.asked, [])
})

test('a CAR is sent as it is, and each of its roots is told', async (t) => {
  const { node, run } = await served(t)
  const more = { cid: cids[1]!, bytes: 7, want: 2, min: 1 }
  const plain = node.content.addCar.bind(node.content)
  node.content.addCar = async (car, options) => [...(await plain(car, options)), more]
  const path = join(await tree(t), 'backup.car')
  await writeFile(path, 'x'.repeat(1000))
  const { exit, objects } = await run(['add', '--car', path, '-r', '2', '--json'])
  assert.equal(exit, 0)
  assert.deepEqual(node.asked, [{ car: 1000, pin: { replicas: 2 } }])
  assert.deepEqual(objects, [
    { ...more, cid: addedTo(node).cid, path, bytes: 1000 },
    { ...more, path }
  ])
  for (const flag of ['--wrap', '--hidden', '--chunker=size-65536']) {
    assert.match((await run(['add', '--car', flag, path])).err, /taken as it is\. \(MESH_USAGE\)/)
  }
  assert.match((await run(['add', '--car', join(path, '..')])).err, /is a folder, not a CAR/)
})

test('of the roots of a CAR one may be refused and the others not', async (t) => {
  const error = new MeshError('MESH_TOO_FEW_PEERS', 'Too few.', { remedy: 'Wait.' })
  const addCar = async (): Promise<never> =>
    [
      { cid: cids[0], bytes: 1, want: 1, min: 1 },
      { cid: cids[1], error }
    ] as never
  const { run } = await served(t, { content: { addCar } })
  const path = join(await tree(t), 'one.txt')
  const { exit, objects } = await run(['add', '--car', path, '--json'])
  assert.equal(exit, 3)
  assert.deepEqual(objects[1], {
    path,
    cid: cids[1],
    error: { code: error.code, message: 'Too few.', remedy: 'Wait.' }
  })
})
