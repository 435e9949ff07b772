/**
 * Bodies cut into pieces, so that a large one can be folded in slices. A piece is a Yjs update of its own: items that follow
 * one another, or deletes. That gives the same document, because a body (see body.ts) leaves Yjs nothing to wait for: its
 * items have contiguous clocks and origins only before the body, and its deletes name items that are there.
 * Only bodies that were checked may be cut.
 */
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import { registerBytesMax } from '../formats/register.ts'

/** Items and deletes in a piece: Yjs takes about 4 µs for one. */
const pieceMax = 64
const firstItem = 0x23
const textBytesMax = 64

/** Whole bodies and pieces of bodies in order, gathered until they have about as many items as a piece. */
export function* pieces(bodies: readonly Uint8Array[]): Generator<Uint8Array[]> {
  let group: Uint8Array[] = []
  let weight = 0
  for (const body of bodies) {
    for (const piece of cut(body)) {
      group.push(piece.bytes)
      weight += piece.weight
      if (weight < pieceMax) continue
      yield group
      group = []
      weight = 0
    }
  }
  if (group.length > 0) yield group
}

function* cut(body: Uint8Array): Generator<{ bytes: Uint8Array; weight: number }> {
  const from = new Reader(body)
  const items = from.v() === 0 ? undefined : { count: from.v(), writer: from.v(), clock: from.v() }
  if (items !== undefined && items.count > pieceMax) {
    const { writer, clock, count } = items
    for (let done = 0; done < count; done += pieceMax) {
      const weight = Math.min(pieceMax, count - done)
      const start = from.at
      for (let n = 0; n < weight; n++) skipItem(from)
      const bytes = new Writer(from.at - start + 32)
      bytes
        .v(1)
        .v(weight)
        .v(writer)
        .v(clock + done)
      yield { bytes: bytes.raw(from.since(start)).v(0).finish(), weight }
    }
    yield* cutDeletes(from, undefined)
    return
  }
  for (let n = 0; n < (items?.count ?? 0); n++) skipItem(from)
  yield* cutDeletes(from, { bytes: body, weight: items?.count ?? 0 })
}

/** `whole`: the body where it was not cut yet; it is handed out as it is if its deletes are few. */
function* cutDeletes(
  from: Reader,
  whole: { bytes: Uint8Array; weight: number } | undefined
): Generator<{ bytes: Uint8Array; weight: number }> {
  const end = from.at
  if (from.v() === 0) {
    if (whole !== undefined) yield whole
    return
  }
  const writer = from.v()
  const ranges = Array.from({ length: from.v() }, () => [from.v(), from.v()] as const)
  const deleted = ranges.reduce((sum, [, length]) => sum + length, 0)
  if (whole !== undefined && deleted <= pieceMax) {
    yield { ...whole, weight: whole.weight + deleted }
    return
  }
  if (whole !== undefined && whole.weight > 0)
    yield { bytes: new Writer(end + 1).raw(whole.bytes.subarray(0, end)).v(0).finish(), weight: whole.weight }
  for (const [clock, length] of ranges) {
    for (let done = 0; done < length; done += pieceMax) {
      const weight = Math.min(pieceMax, length - done)
      const bytes = new Writer()
        .v(0)
        .v(1)
        .v(writer)
        .v(1)
        .v(clock + done)
        .v(weight)
      yield { bytes: bytes.finish(), weight }
    }
  }
}

function skipItem(from: Reader): void {
  if (from.u8() === firstItem) {
    from.v()
    from.blob(textBytesMax)
    from.blob(textBytesMax)
  } else {
    from.v()
    from.v()
  }
  from.blob(registerBytesMax)
}
