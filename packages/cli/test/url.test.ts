// mesh add of a URL: what a server sends comes in whole or not at all, and no server can hold the command, or fill a disk.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { MeshError } from '@pinmesh/node/mesh-error'
import { cids, info } from '@pinmesh/node/fake'
import fc from 'fast-check'
import { nameIn, urlSource } from '../src/files/url-source.ts'
import { addedTo, served } from './command.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

async function site(t: TestContext, answer: Answer): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Where a server was, and no longer is. */
async function gone(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

const text = 'what a server has'

test('a URL is added under the last name of its path', async (t) => {
  const at = await site(t, (_request, response) => response.end(text))
  const { node, run } = await served(t)
  const url = `${at}/films/a%20film.mp4?x=1#there`
  const { exit, objects } = await run(['add', url, '--json'])
  assert.equal(exit, 0)
  assert.deepEqual(objects, [{ cid: addedTo(node).cid, path: url, bytes: text.length, want: 2, min: 1 }])
  assert.deepEqual(addedTo(node).files, [['a film.mp4', text]])
})

test('it goes into one folder with others', async (t) => {
  const at = await site(t, (_request, response) => response.end(text))
  const { node, run } = await served(t)
  await run(['add', '--wrap', `${at}/one`, `${at}/two`, '-'], { stdin: 'typed' })
  assert.deepEqual(addedTo(node).files, [
    ['one', text],
    ['two', text],
    ['stdin', 'typed']
  ])
})

test('what leads on is followed, ten times at most, and to the web alone', async (t) => {
  const at = await site(t, ({ url = '' }, response) => {
    const to = { '/a': '/b', '/b': `${at}/c`, '/loop': '/loop', '/file': 'file:///etc/passwd', '/odd': 'http://[' }[url]
    if (to === undefined) response.end(text)
    else response.writeHead(302, { location: to }).end()
  })
  const { node, run } = await served(t)
  assert.equal((await run(['add', `${at}/a`])).exit, 0)
  assert.deepEqual(addedTo(node).files, [['a', text]])
  for (const [path, why] of [
    ['loop', /more than 10 times/],
    ['file', /leads to file:/],
    ['odd', /no URL/]
  ] as const) {
    const { exit, err } = await run(['add', `${at}/${path}`])
    assert.equal(exit, 2)
    assert.match(err, /MESH_URL_FAILED/)
    assert.match(err, why)
  }
})

test('what is not there, cut short, or no server at all fails with a sentence', async (t) => {
  const at = await site(t, ({ url }, response) => {
    if (url === '/missing') response.writeHead(404).end('no')
    else if (url === '/empty') response.writeHead(302).end()
    else {
      response.writeHead(200, url === '/chunked' ? {} : { 'content-length': 1000 })
      response.write(text, () => response.destroy())
    }
  })
  const { run } = await served(t)
  for (const [path, why] of [
    ['missing', /answered 404/],
    ['empty', /answered 302/],
    ['short', /the connection broke off/],
    ['chunked', /the connection broke off/]
  ] as const) {
    const { exit, err } = await run(['add', `${at}/${path}`])
    assert.equal(exit, 2, path)
    assert.match(err, /MESH_URL_FAILED/)
    assert.match(err, why)
  }
  const { exit, err } = await run(['add', `${await gone()}/x`])
  assert.equal(exit, 2)
  assert.match(err, /nothing listens there\. \(MESH_URL_FAILED\)/)
  for (const url of ['http://[/x', 'ftp://example.org/x', 'file:///etc/hosts'])
    assert.match((await run(['add', url])).err, /is not a URL of http or https\. \(MESH_BAD_URL\)/)
})

test('a server that falls silent is given up', async (t) => {
  const at = await site(t, ({ url }, response) => {
    if (url === '/half') response.writeHead(200).write('half')
  })
  for (const path of ['half', 'nothing']) {
    const source = urlSource(`${at}/${path}`, { signal: new AbortController().signal, silenceMs: 50 })
    const read = async (): Promise<void> => {
      for await (const { content } of source.entries()) for await (const _piece of content ?? []);
    }
    await assert.rejects(read(), { code: 'MESH_URL_FAILED', message: /nothing for 0\.05 s/ })
  }
})

test('a server that never ends is let go once the peer takes no more', async (t) => {
  const gone = Promise.withResolvers<void>()
  const at = await site(t, (_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(64 << 10)));
    }
    response.on('drain', more).on('close', () => gone.resolve())
    more()
  })
  const { run } = await served(t, {
    content: {
      async add(entries) {
        let bytes = 0
        for await (const { content } of entries) {
          for await (const piece of content ?? []) {
            bytes += piece.length
            if (bytes > 10_000_000) throw new MeshError('MESH_NO_SPACE', 'No room.', { remedy: 'Give more.' })
          }
        }
        return { cid: cids[0]!, bytes }
      }
    }
  })
  const { exit, err } = await run(['add', `${at}/endless`])
  assert.equal(exit, 2)
  assert.match(err, /MESH_NO_SPACE/)
  await gone.promise
})

test('what could never fit is not begun', async (t) => {
  const gone = Promise.withResolvers<void>()
  const at = await site(t, (_request, response) => {
    response.writeHead(200, { 'content-length': info.spaceBytes + 1 }).flushHeaders()
    response.on('close', () => gone.resolve())
  })
  const { node, run } = await served(t)
  const { exit, err } = await run(['add', `${at}/huge`])
  assert.equal(exit, 2)
  assert.match(err, /more than the whole budget of the peer\. \(MESH_NO_SPACE\)/)
  assert.deepEqual(node.asked, [])
  await gone.promise
})

test('the name of a URL is always one plain name', () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true }), fc.string(), (base, more) => {
      const name = nameIn(new URL(`${base.split('?')[0]}/${encodeURIComponent(more)}`))
      assert.ok(name.length > 0 && name !== '.' && name !== '..' && !/[/\\\0\n]/.test(name), name)
    })
  )
  for (const [url, name] of [
    ['http://a.example/', 'a.example'],
    ['http://a.example/x/', 'x'],
    ['http://a.example/%2e%2e%2fetc', 'a.example'],
    ['http://a.example/%E4', '%E4']
  ] as const) {
    assert.equal(nameIn(new URL(url)), name)
  }
})
