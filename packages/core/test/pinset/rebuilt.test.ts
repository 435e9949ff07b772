/**
 * A store that is built anew: nothing is written before a member was met, what the lost one held comes back, and its log goes
 * on where it ended.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rebuiltRows } from '../../src/pinset/rebuilt.ts'
import { type Driver, MemoryDisk, cidText, epoch, meshOf } from '../kit.ts'

const promisedUntil = epoch + 10 * 60 * 1000

test('a writer whose store was lost refuses changes until it has met a member, and then goes on where its logs ended', () => {
  const { charter, mesh } = meshOf(3)
  const [a, b, c] = mesh.peers as [Driver, Driver, Driver]
  mesh.run(8000)
  for (let n = 0; n < 20; n++) c.pin(cidText(n))
  mesh.until(() => mesh.level, 30_000)
  mesh.stop(c)
  const disk = new MemoryDisk()
  disk.write([...charter.rows, ...rebuiltRows(promisedUntil)])
  const anew = c.restarted()
  Object.assign(anew, { disk })
  anew.start()
  anew.run(20_000)
  const refused = anew.pin(cidText(50))
  assert.ok('failure' in refused && refused.failure.code === 'MESH_STORE_REBUILDING', JSON.stringify(refused))
  assert.equal(anew.core.counts().pins, 0)
  for (const peer of [a, b]) peer.mono = anew.mono
  const again = anew.restarted()
  mesh.add(again)
  mesh.until(() => again.core.counts().pins === 20, 30_000, 'the pins do not come back')
  mesh.until(() => !('failure' in again.pin(cidText(50))), 30_000, 'it may not write again')
  mesh.until(() => mesh.level && a.core.counts().pins === 21, 30_000, 'what it writes does not reach the others')
  for (const peer of [a, b, again]) assert.deepEqual(peer.notes('fork'), [])
  assert.equal(again.restarted().disk.get('meta', Uint8Array.of(0x62)), undefined)
})

test('what the lost store may have promised is kept as a promise of every shard', () => {
  const rows = rebuiltRows(promisedUntil).filter(({ key }) => key[0] === 0x70)
  assert.equal(new Set(rows.map(({ key }) => key[1])).size, 256)
})
