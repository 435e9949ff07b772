// What a person types, at the door: what is taken, as what, and what is refused.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mesh, peer } from '@pinmesh/node/fake'
import fc from 'fast-check'
import { apiText, parseApiAddress } from '../src/parse/api-address.ts'
import { parseCid } from '../src/parse/cid.ts'
import { countMax, parseCount, parseCountOrNone } from '../src/parse/count.ts'
import { parseDuration } from '../src/parse/duration.ts'
import { parseMeshId } from '../src/parse/mesh-id.ts'
import { addMeta } from '../src/parse/meta.ts'
import { parseBootstrap, parseKubo, parseListen } from '../src/parse/multiaddr.ts'
import { parseMeshName, parsePinName } from '../src/parse/name.ts'
import { parsePeer } from '../src/parse/peer.ts'
import { parseSize } from '../src/parse/size.ts'
import { bytesText } from '../src/text/bytes.ts'

function refuses(parse: (text: string) => unknown, texts: readonly string[], code: string): void {
  for (const text of texts) assert.throws(() => parse(text), { code, exit: 1 }, `"${text}"`)
}

test('sizes are decimal or binary, with or without the B', () => {
  const sizes = {
    '50GB': 50e9,
    '1GiB': 2 ** 30,
    '1.5tb': 1.5e12,
    '512 MiB': undefined,
    '10g': 10e9,
    7: 7,
    '1kB': 1000,
    '2KiB': 2048,
    '9B': 9
  }
  for (const [text, bytes] of Object.entries(sizes)) if (bytes !== undefined) assert.equal(parseSize(text), bytes, text)
  refuses(
    parseSize,
    ['', '0', '-1', 'GB', '1XB', '1e9', '1.2.3GB', 'Infinity', '1iB', '1Gi', '0.1', '99999999PB', '5 0GB', '1,5GB'],
    'MESH_BAD_VALUE'
  )
  assert.equal(parseSize(' 50GB '), 50e9)
  assert.equal(parseSize('50 GB'), 50e9)
})

test('a size survives being shown, to three digits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (bytes) => {
      const again = parseSize(bytesText(bytes))
      assert.ok(Math.abs(again - bytes) <= bytes * 0.005, `${bytes} ${bytesText(bytes)} ${again}`)
    })
  )
})

test('durations need a unit', () => {
  const durations = {
    '60s': 60_000,
    '30d': 2_592_000_000,
    '1h30m': 5_400_000,
    '500ms': 500,
    '2w': 1_209_600_000,
    '1.5h': 5_400_000
  }
  for (const [text, ms] of Object.entries(durations)) assert.equal(parseDuration(text), ms, text)
  refuses(parseDuration, ['', '30', '-5s', '1y', 's', '1h30', '0s', '1e3s', '9999999w', 'soon'], 'MESH_BAD_VALUE')
})

test('counts are whole numbers from one', () => {
  assert.deepEqual([parseCount('1'), parseCount('65535')], [1, countMax])
  refuses(parseCount, ['0', '-1', '1.5', '65536', 'all', '', '1e3', '0x10', ' 3'], 'MESH_BAD_VALUE')
  assert.deepEqual([parseCountOrNone('0'), parseCountOrNone('65535')], [0, countMax])
  refuses(parseCountOrNone, ['-1', '1.5', '65536', 'all', ''], 'MESH_BAD_VALUE')
  assert.throws(() => parseCountOrNone('x'), { remedy: `Give a whole number from 0 to ${countMax}.` })
})

test('CIDs of each form, alone or as a path', () => {
  const v0 = 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnKAAA'.slice(0, 46)
  const v1 = 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'
  for (const cid of [v0, v1, 'bafkqaaa', 'zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA']) {
    for (const text of [cid, `/ipfs/${cid}`, `/ipfs/${cid}/`, `ipfs://${cid}`]) assert.equal(parseCid(text), cid)
  }
  assert.equal(parseCid(v1.toUpperCase()), v1)
  refuses(
    parseCid,
    [
      '',
      '-',
      'cid',
      'Qm',
      `${v0}a`,
      `${v1}/a`,
      `/ipns/${v1}`,
      'bafy0189',
      '../etc',
      `b${'a'.repeat(600)}`,
      '\u001b[2J'
    ],
    'MESH_BAD_CID'
  )
})

test('peers and mesh ids', () => {
  assert.equal(parsePeer(peer), peer)
  assert.equal(parseMeshId(mesh), mesh)
  refuses(parsePeer, ['', peer.slice(1), `${peer}a`, peer.replace('b', '0'), mesh, 'Qm'], 'MESH_BAD_VALUE')
  refuses(parseMeshId, ['', 'z', mesh.slice(1), `${mesh}aa`, peer], 'MESH_BAD_VALUE')
})

test('multiaddrs to dial', () => {
  const good = [
    `/ip4/192.0.2.7/tcp/4101/p2p/${peer}`,
    '/ip6/2001:db8::1/tcp/4101',
    '/dns4/mesh.example.org/tcp/443/wss',
    '/dns/a/tcp/1/tls/sni/b.example/ws',
    '/dnsaddr/mesh.example.org',
    `/ip4/192.0.2.7/tcp/4101/p2p/${peer}/p2p-circuit/p2p/${peer}`
  ]
  for (const text of good) assert.equal(parseBootstrap(text), text)
  const bad = [
    '',
    'x',
    '/',
    '192.0.2.7:4101',
    '/ip4/192.0.2.7',
    '/ip4/300.0.0.1/tcp/1',
    '/ip4/192.0.2.7/tcp/70000',
    '/ip4/192.0.2.7/tcp/0'
  ]
  refuses(
    parseBootstrap,
    [
      ...bad,
      '/ip4/192.0.2.7/tcp',
      '/tcp/1',
      '/ip4/192.0.2.7/udp/1',
      `/p2p/${peer}`,
      '/ip4/1.2.3.4/tcp/1/',
      '/constructor/x/tcp/1',
      '/ip4/::1/tcp/1'
    ],
    'MESH_BAD_ADDRESS'
  )
})

test('multiaddrs to listen on', () => {
  for (const text of ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/4102/ws']) assert.equal(parseListen(text), text)
  refuses(
    parseListen,
    [
      '/dns4/a/tcp/1',
      '/ip4/0.0.0.0/tcp/1/wss',
      '/ip4/0.0.0.0/tcp/1/ws/ws',
      `/ip4/0.0.0.0/tcp/1/p2p/${peer}`,
      '/ip4/0.0.0.0'
    ],
    'MESH_BAD_ADDRESS'
  )
})

test('where a Kubo is reached', () => {
  const good = [
    'off',
    '/ip4/127.0.0.1/tcp/5001',
    '/dns4/kubo.example/tcp/443/https',
    '/ip6/::1/tcp/1/http',
    '/unix/run/x'
  ]
  for (const text of good) assert.equal(parseKubo(text), text)
  refuses(
    parseKubo,
    ['', 'on', '127.0.0.1:5001', 'http://127.0.0.1:5001', '/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/1/ws', '/unix/'],
    'MESH_BAD_ADDRESS'
  )
})

test('addresses for the API', () => {
  for (const text of ['127.0.0.1:4720', '[::1]:0', 'localhost:65535'])
    assert.equal(apiText(parseApiAddress(text)), text)
  refuses(parseApiAddress, ['', '4720', ':4720', 'host', 'host:', 'host:65536', '::1:4720', 'a b:1'], 'MESH_BAD_VALUE')
})

test('metadata grows pair by pair within its bound', () => {
  assert.deepEqual(addMeta('b=c=d', addMeta('a=')), { a: '', b: 'c=d' })
  refuses((text) => addMeta(text, { a: '1' }), ['', 'a', '=b', 'a=2', `b=${'x'.repeat(512)}`], 'MESH_BAD_VALUE')
})

test('names are bounded in bytes', () => {
  assert.equal(parsePinName('ä'.repeat(127)), 'ä'.repeat(127))
  refuses(parsePinName, ['', 'ä'.repeat(128)], 'MESH_BAD_VALUE')
  refuses(parseMeshName, ['', 'x'.repeat(65)], 'MESH_BAD_VALUE')
})

test('no parser fails otherwise than with its own code', () => {
  const parsers = [
    parseSize,
    parseDuration,
    parseCount,
    parseCid,
    parsePeer,
    parseMeshId,
    parseBootstrap,
    parseListen,
    parseKubo,
    parseApiAddress
  ]
  fc.assert(
    fc.property(fc.constantFrom(...parsers), fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (parse, text) => {
      try {
        parse(text)
      } catch (error) {
        assert.match((error as { code?: string }).code ?? String(error), /^MESH_BAD_/)
      }
    })
  )
})
