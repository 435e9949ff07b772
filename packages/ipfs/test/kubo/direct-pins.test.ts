// How many calls the look at direct pins costs a Kubo, against a server that answers as Kubo does and counts.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { CID } from 'multiformats/cid'
import { identity } from 'multiformats/hashes/identity'
import { DirectPins } from '../../src/kubo/direct-pins.ts'
import { KuboApi } from '../../src/kubo/kubo-api.ts'
import { serve } from './serve.ts'

const signal = AbortSignal.timeout(30_000)
const cids = Array.from({ length: 200 }, (_none, n) => CID.createV1(0x55, identity.digest(Uint8Array.of(n))))

/** A Kubo with these direct pins; `urls` what it was asked, `listing` may hold an answer back. */
async function kubo(
  pinned: Set<CID>,
  listing: (answer: () => void) => void = (answer) => answer()
): Promise<{ direct: DirectPins; urls: string[]; asked(): Promise<unknown> }> {
  const urls: string[] = []
  const answerOne = (response: ServerResponse, text: string): void => {
    const found = [...pinned].find((cid) => cid.toString() === text)
    if (found === undefined) response.statusCode = 500
    const body = found === undefined ? { Message: 'it is not pinned' } : { Keys: { [text]: { Name: 'one' } } }
    response.end(JSON.stringify(body))
  }
  const { rpc, server } = await serve((request, response) => {
    const arg = new URL(request.url as string, 'http://kubo').searchParams.get('arg')
    urls.push(request.url as string)
    if (arg !== null) return answerOne(response, arg)
    const lines = [...pinned].map((cid) => `${JSON.stringify({ Cid: cid.toString(), Name: 'one' })}\n`)
    listing(() => response.end(lines.join('')))
  })
  return { direct: new DirectPins(new KuboApi(rpc)), urls, asked: async () => once(server, 'request') }
}

test('all who ask at the same time share one listing', async () => {
  const { direct, urls } = await kubo(new Set(cids.slice(0, 3)))
  const found = await Promise.all(cids.slice(0, 20).map((cid) => direct.of(cid, signal)))
  assert.deepEqual(
    found.map((one) => one?.name),
    found.map((_one, n) => (n < 3 ? 'one' : undefined))
  )
  assert.equal(urls.length, 1)
})

test('who asks while a listing is under way is answered from the next, which knows what has changed', async () => {
  const pinned = new Set<CID>()
  const held: (() => void)[] = []
  const { direct, urls, asked } = await kubo(pinned, (answer) => (pinned.size === 0 ? held.push(answer) : answer()))
  const first = asked()
  const early = direct.of(cids[0] as CID, signal)
  await first
  const late = Promise.all(cids.slice(1, 9).map((cid) => direct.of(cid, signal)))
  const before = held.splice(0)
  for (const cid of cids) if (pinned.size < 9) pinned.add(cid)
  for (const answer of before) answer()
  await early
  assert.ok((await late).every((one) => one?.name === 'one'))
  assert.equal(urls.length, 2)
})

test('a Kubo that has many is listed once, and then asked for each', async () => {
  const { direct, urls } = await kubo(new Set(cids.slice(0, 150)))
  const ask = async (n: number): Promise<string | undefined> => (await direct.of(cids[n] as CID, signal))?.name
  assert.equal(await ask(149), 'one')
  assert.equal(await ask(150), undefined)
  assert.deepEqual(
    urls.map((url) => url.includes('arg=')),
    [false, true, true]
  )
})

test('who gives up does not wait for the listing, and the next to ask is served all the same', async () => {
  const held: (() => void)[] = []
  const { direct, asked } = await kubo(new Set(cids), (answer) => held.push(answer))
  const first = asked()
  const stop = new AbortController()
  const one = direct.of(cids[0] as CID, stop.signal)
  await first
  stop.abort()
  await assert.rejects(one, { code: 'aborted' })
  const next = direct.of(cids[0] as CID, signal)
  const again = asked()
  held.shift()?.()
  await again
  held.shift()?.()
  assert.equal((await next)?.name, 'one')
})
