/*
 * When to sync: what is asked for while a round is under way comes after it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timings } from '../../src/index.ts'
import { Agenda } from '../../src/loop/agenda.ts'
import { Outbox } from '../../src/loop/outbox.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../src/sync/frames.ts'
import type { SessionInit } from '../../src/sync/session.ts'
import { Syncs, type SyncsInit } from '../../src/sync/syncs.ts'

const peer = 'b'
const root = new Uint8Array(16)
const hello: Frame = { kind: 'hello', version: 1, facts: root, pinset: root }
const vector: Frame = { kind: 'vector', known: [], beats: [] }

/** Syncs with a peer whose roots are the same, and what they ask it, as it is answered. */
function level(): { syncs: Syncs; asked: string[]; answer: () => void } {
  const outbox = new Outbox()
  const asked: string[] = []
  const session: Partial<SessionInit> = { vector: () => [], beatsFor: () => [], takeBeats: () => {} }
  const syncs = new Syncs({
    outbox,
    agenda: new Agenda(),
    timings: timings('test'),
    session: () => ({ ...session, facts: { root }, heads: { root } }) as SessionInit,
    news: () => 0,
    finished: () => {}
  } as unknown as SyncsInit)
  const answer = (): void => {
    for (const effect of outbox.take()) {
      if (effect.kind !== 'ask') continue
      const { kind } = decodeFrame(effect.frame)
      asked.push(kind)
      syncs.answered(effect.id, encodeFrame(kind === 'hello' ? hello : vector))
    }
  }
  return { syncs, asked, answer }
}

test('a round with beats and claims that is asked for while another is under way follows it', () => {
  const { syncs, asked, answer } = level()
  syncs.connected(peer)
  answer()
  answer()
  assert.deepEqual(asked.splice(0), ['hello', 'vector'])
  syncs.start(peer, false)
  syncs.start(peer, true)
  syncs.start(peer, false)
  for (let n = 0; n < 4; n++) answer()
  assert.deepEqual(asked, ['hello', 'hello', 'vector'])
})

test('who stood still counts roots as equal only when the others have had time to say more than they had said before', () => {
  const { suspectMs } = timings('test')
  const outbox = new Outbox()
  const roots = { root }
  const syncs = new Syncs({
    outbox,
    agenda: new Agenda(),
    timings: timings('test'),
    facts: roots,
    heads: roots
  } as unknown as SyncsInit)
  const levelAt = (mono: number): number => {
    outbox.open({ mono, wall: mono })
    syncs.rootsSeen(peer, root, root)
    return syncs.levelWith()
  }
  assert.equal(levelAt(10_000), 1)
  syncs.late()
  assert.equal(levelAt(10_000), 0)
  assert.equal(levelAt(10_000 + suspectMs - 1), 0)
  assert.equal(levelAt(10_000 + suspectMs), 1)
})
