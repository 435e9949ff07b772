/*
 * The tree against the known answers of Certificate Transparency's own tests (RFC 6962), and its properties for every size a
 * commit may have.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fromHex, toHex } from '../../src/bytes/compare.ts'
import { FormatError } from '../../src/bytes/format-error.ts'
import { merkleDepth, merklePath, merkleRoot, merkleVerify } from '../../src/formats/merkle.ts'
import { nodeCrypto } from '../node-crypto.ts'

const crypto = nodeCrypto()
const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const inputs = leaves.map(fromHex)
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'
]
const paths: Array<[index: number, n: number, path: string[]]> = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4'
    ]
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'
    ]
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    1,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b'
    ]
  ]
]

test('the roots are those of RFC 6962', () => {
  roots.forEach((root, i) => assert.equal(toHex(merkleRoot(inputs.slice(0, i + 1), crypto)), root))
})

test('the paths are those of RFC 6962', () => {
  for (const [index, n, path] of paths) {
    assert.deepEqual(merklePath(inputs.slice(0, n), index, crypto).map(toHex), path)
  }
})

test('every leaf of every size up to a full commit is proved at its place and nowhere else', () => {
  const hashes = Array.from({ length: 64 }, (_, i) => crypto.hash(Uint8Array.of(i)))
  for (let n = 1; n <= 64; n++) {
    const some = hashes.slice(0, n)
    const root = merkleRoot(some, crypto)
    some.forEach((hash, index) => {
      const path = merklePath(some, index, crypto)
      assert.equal(path.length, merkleDepth(index, n))
      assert.ok(merkleVerify(hash, index, n, path, root, crypto))
      const elsewhere = (index + 1) % n
      if (n > 1) assert.ok(!merkleVerify(hash, elsewhere, n, path, root, crypto))
      assert.ok(!merkleVerify(crypto.hash(hash), index, n, path, root, crypto))
    })
  }
})

test('a path of another length or a place outside the tree proves nothing and does not throw', () => {
  const [path, root] = [merklePath(inputs, 0, crypto), merkleRoot(inputs, crypto)]
  const leaf = inputs[0] as Uint8Array
  assert.ok(merkleVerify(leaf, 0, 8, path, root, crypto))
  assert.ok(!merkleVerify(leaf, 0, 8, path.slice(1), root, crypto))
  assert.ok(!merkleVerify(leaf, 0, 8, [...path, root], root, crypto))
  for (const index of [-1, 8, 0.5, Number.NaN]) assert.ok(!merkleVerify(leaf, index, 8, path, root, crypto))
})

test('an empty tree has no root', () => {
  assert.throws(() => merkleRoot([], crypto), FormatError)
  assert.throws(() => merklePath(inputs, 8, crypto), FormatError)
})
