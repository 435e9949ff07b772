// Numbers and names as people see them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { progressText } from '../src/progress.ts'
import { ageText } from '../src/text/age.ts'
import { bytesText } from '../src/text/bytes.ts'
import { clean, table } from '../src/text/table.ts'

test('sizes have three digits at most', () => {
  const texts = [0, 999, 1000, 1234, 12_345, 123_456, 999_999, 50e9, 1.5e12].map((bytes) => bytesText(bytes))
  assert.deepEqual(texts, ['0 B', '999 B', '1 kB', '1.23 kB', '12.3 kB', '123 kB', '1 MB', '50 GB', '1.5 TB'])
})

test('ages have one unit', () => {
  const now = 1e12
  const ages = [-5, 0, 999, 1000, 59_999, 60_000, 7_200_000, 90_000_000].map((ms) => ageText(now - ms, now))
  assert.deepEqual(ages, ['now', 'now', 'now', '1 s', '59 s', '1 min', '2 h', '1 d'])
})

test('text of others cannot steer the terminal', () => {
  assert.equal(clean('a\u001b[31mb\r\n\u202ec'), 'a?[31mb?c')
})

test('columns are padded, the last one not', () => {
  assert.deepEqual(
    table([
      ['a', 'bbb', 'c'],
      ['aaa', 'b', ''],
      ['', '', 'd']
    ]),
    ['a    bbb  c', 'aaa  b', '          d']
  )
})

test('progress with and without a known end', () => {
  assert.equal(progressText('x', 5e6, undefined), 'x  5 MB')
  assert.match(progressText('x', 5e6, 10e6), /^x {2}█{12}░{12} 50 % {2}5 MB of 10 MB$/)
  assert.match(progressText('x', 20e6, 10e6), / 100 % /)
})
