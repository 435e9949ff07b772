// What is typed as the address of a Kubo, and what is none.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ContentError } from '../../src/content-error.ts'
import { parseApiAddress } from '../../src/kubo/api-address.ts'

test('the address of a Kubo API is a multiaddr of tcp or of a socket', () => {
  assert.deepEqual(parseApiAddress('/ip4/127.0.0.1/tcp/5001'), { secure: false, host: '127.0.0.1', port: 5001 })
  assert.deepEqual(parseApiAddress('/ip6/::1/tcp/5001/http'), { secure: false, host: '::1', port: 5001 })
  assert.deepEqual(parseApiAddress('/dns4/kubo.example.org/tcp/443/https'), {
    secure: true,
    host: 'kubo.example.org',
    port: 443
  })
  assert.deepEqual(parseApiAddress('/unix/run/ipfs.sock'), { socketPath: '/run/ipfs.sock' })
})

test('any other text is refused', () => {
  const others = [
    '',
    '127.0.0.1:5001',
    'http://127.0.0.1:5001',
    '/ip4/127.0.0.1/udp/5001',
    '/ip4/127.0.0.1/tcp/0',
    '/ip4/127.0.0.1/tcp/70000',
    '/ip4/999.0.0.1/tcp/5001',
    '/ip6/127.0.0.1/tcp/5001',
    '/ip4/127.0.0.1/tcp/5001/ws',
    '/dns4/a b/tcp/5001',
    '/unix'
  ]
  for (const text of others) {
    assert.throws(
      () => parseApiAddress(text),
      (error) => error instanceof ContentError && error.code === 'refused',
      text
    )
  }
})
