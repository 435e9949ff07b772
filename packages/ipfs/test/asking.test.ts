// A want that is asked again and again: when it ends, and that no answer is lost meanwhile.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askRepeatedly } from '../src/exchange/asking.ts'

const block = new Uint8Array([1, 2, 3])

/** The answers reach whoever listens at that moment, as in bitswap. */
async function heard(answers: EventTarget, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    answers.addEventListener('answer', () => resolve(block), { signal })
    signal.addEventListener('abort', () => reject(new Error('aborted')))
  })
}

const init = { asksMax: 3, limitMs: 5, forgetMs: 5, stop: new AbortController().signal }

test('an answer that comes between two askings counts', async () => {
  const answers = new EventTarget()
  const retrieve = async (signal: AbortSignal): Promise<Uint8Array> => {
    // The answer comes in the very moment in which an asking was given up.
    signal.addEventListener('abort', () => setImmediate(() => answers.dispatchEvent(new Event('answer'))))
    return heard(answers, signal)
  }
  assert.equal(await askRepeatedly({ ...init, asksMax: 1, forgetMs: 100, retrieve }), block)
})

test('it is asked as often as it may be, and nothing stays open', async () => {
  const open = new Set<AbortSignal>()
  let asks = 0
  const retrieve = async (signal: AbortSignal): Promise<Uint8Array> => {
    asks++
    open.add(signal)
    return heard(new EventTarget(), signal).finally(() => open.delete(signal))
  }
  assert.equal(await askRepeatedly({ ...init, retrieve }), undefined)
  assert.equal(asks, 1 + init.asksMax, 'the askings, and the one that listens')
  await new Promise(setImmediate)
  assert.equal(open.size, 0)
})

test('failures and wrong answers are asked again', async () => {
  const given = [new Error('broken'), undefined, undefined, block]
  const retrieve = async (): Promise<Uint8Array | undefined> => {
    const next = given.shift()
    if (next instanceof Error) throw next
    return next
  }
  assert.equal(await askRepeatedly({ ...init, retrieve }), block)
})

test('a stop ends it at once', async () => {
  const stop = new AbortController()
  const retrieve = async (signal: AbortSignal): Promise<Uint8Array> => {
    setImmediate(() => stop.abort())
    return heard(new EventTarget(), signal)
  }
  assert.equal(await askRepeatedly({ ...init, limitMs: 1_000_000, stop: stop.signal, retrieve }), undefined)
})
