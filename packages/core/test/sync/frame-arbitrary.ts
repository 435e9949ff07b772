/*
 * Any frame of the sync protocol, for round trips and for peers that answer or ask whatever they like.
 */
import fc from 'fast-check'
import type { Frame } from '../../src/sync/frames.ts'
import { bytesOf } from '../formats/arbitraries.ts'

const number = fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat())
const blob = (max: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: max })
const list = <T>(of: fc.Arbitrary<T>, max = 5): fc.Arbitrary<T[]> => fc.array(of, { maxLength: max })
const logId = fc.record({
  writer: fc.integer({ min: 0, max: 0xffffffff }),
  prefixLen: fc.constantFrom(12 as const, 16 as const),
  prefix: fc.nat({ max: 0xffff })
})
const head = fc
  .tuple(logId, number, number, bytesOf(32))
  .map(([id, generation, seq, hash]) => ({ ...id, generation, seq, hash }))

const nodes = fc.nat({ max: 2 }).chain((level) =>
  list(fc.nat({ max: 16 ** level - 1 })).chain((ids) =>
    fc.boolean().chain((answer) => {
      const digests = fc.array(bytesOf(16), { minLength: ids.length * 16, maxLength: ids.length * 16 })
      return (answer ? digests : fc.constant([])).map((given): Frame => ({ kind: 'nodes', level, ids, digests: given }))
    })
  )
)

export const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc
    .tuple(fc.nat({ max: 1000 }), bytesOf(16), bytesOf(16))
    .map(([version, facts, pinset]): Frame => ({ kind: 'hello', version, facts, pinset })),
  blob(100).map((bytes): Frame => ({ kind: 'charter', bytes })),
  fc
    .tuple(number, list(blob(8)), list(blob(8)))
    .map(([keySeq, records, admissions]): Frame => ({ kind: 'facts-wanted', keySeq, records, admissions })),
  fc
    .tuple(list(blob(50)), list(blob(50)), list(blob(50)), list(blob(50)), fc.boolean())
    .map(([ops, admissions, records, forks, more]): Frame => ({
      kind: 'facts',
      ops,
      admissions,
      records,
      forks,
      more
    })),
  fc.tuple(number, bytesOf(32)).map(([seq, head]): Frame => ({ kind: 'key-head', seq, head })),
  fc.tuple(blob(200), bytesOf(64)).map(([grant, proof]): Frame => ({ kind: 'admit', grant, proof })),
  blob(200).map((admission): Frame => ({ kind: 'admitted', admission })),
  nodes,
  fc.tuple(list(fc.nat({ max: 4095 })), list(head)).map(([leaves, heads]): Frame => ({ kind: 'heads', leaves, heads })),
  list(fc.tuple(logId, number, number).map(([id, generation, from]) => ({ ...id, generation, from }))).map(
    (logs): Frame => ({ kind: 'want', logs })
  ),
  fc.tuple(list(list(blob(50))), fc.boolean()).map(([runs, more]): Frame => ({ kind: 'data', runs, more })),
  fc
    .tuple(
      list(
        fc
          .tuple(bytesOf(32), number, number, bytesOf(4))
          .map(([peer, incarnation, n, claims]) => ({ peer, incarnation, n, claims }))
      ),
      list(blob(200))
    )
    .map(([known, beats]): Frame => ({ kind: 'vector', known, beats })),
  fc
    .tuple(bytesOf(32), list(fc.tuple(fc.nat({ max: 255 }), number)))
    .map(([peer, have]): Frame => ({ kind: 'claims-wanted', peer, have })),
  fc.tuple(list(blob(200)), fc.boolean()).map(([claims, more]): Frame => ({ kind: 'claims', claims, more })),
  fc.nat({ max: 3_600_000 }).map((ms): Frame => ({ kind: 'busy', ms })),
  fc.tuple(fc.string({ maxLength: 20 }), fc.string({ maxLength: 90 })).map(([code, text]): Frame => ({
    kind: 'error',
    code,
    text
  }))
)
