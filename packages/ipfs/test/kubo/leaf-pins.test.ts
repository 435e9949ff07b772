// How single blocks are pinned on Kubos that differ in what they can do, against a server that answers as Kubo does and keeps
// account.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { KuboApi } from '../../src/kubo/kubo-api.ts'
import { LeafPins } from '../../src/kubo/leaf-pins.ts'
import { serve } from './serve.ts'

const mark = 'pinmesh mesh peer'
const blockBytes = 1000
const signal = AbortSignal.timeout(30_000)
const cids = await Promise.all(
  Array.from({ length: 20 }, async (_none, n) => CID.createV1(0x55, await sha256.digest(Uint8Array.of(n))))
)

interface Answer {
  status?: number
  body: unknown
}

const refusal = (Message: string): Answer => ({ status: 500, body: { Message } })

/** A Kubo with these pins, by CID, that hands names on or not; blocks in `gone` it has lost. */
class KuboServer {
  readonly pins = new Map<string, string>()
  readonly gone = new Set<string>()
  readonly calls: string[] = []
  /** A call that it does not allow. */
  refuses = ''
  /** It says no sizes until all blocks are pinned. */
  busy = false
  readonly #held: (() => void)[] = []
  readonly #handsOn: boolean

  constructor(handsOn = true) {
    this.#handsOn = handsOn
  }

  async leafPins(): Promise<LeafPins> {
    const { rpc } = await serve((request, response) => {
      const { pathname, searchParams } = new URL(request.url as string, 'http://kubo')
      const call = pathname.replace('/api/v0/', '')
      this.calls.push(call)
      const answer = (): void => {
        const { status = 200, body } = this.#answer(call, searchParams.getAll('arg'), searchParams.get('name') ?? '')
        response.statusCode = status
        response.end(JSON.stringify(body))
      }
      if (call === 'dag/stat' && this.busy) this.#held.push(answer)
      else answer()
      if (call === 'pin/update' && this.count(call) === cids.length + 1) this.#ease()
    })
    return new LeafPins({ api: new KuboApi(rpc), mark, stallMs: 5000 })
  }

  #ease(): void {
    this.busy = false
    for (const go of this.#held.splice(0)) go()
  }

  count(call: string): number {
    return this.calls.filter((one) => one === call).length
  }

  #answer(call: string, [first = '', second = '', ...more]: string[], name: string): Answer {
    if (call === this.refuses) return { status: 403, body: 'not allowed' }
    switch (call) {
      case 'pin/ls':
        if (!this.pins.has(first)) return refusal(`path '${first}' is not pinned`)
        return { body: { Keys: { [first]: { Type: 'recursive', Name: this.pins.get(first) } } } }
      case 'pin/add':
        this.pins.set(first, name)
        return { body: { Pins: [first] } }
      case 'pin/rm':
        return this.pins.delete(first) ? { body: { Pins: [first] } } : refusal('not pinned or pinned indirectly')
      case 'pin/update':
        if (!this.pins.has(first)) return refusal("'from' cid was not recursively pinned already")
        if (this.pins.has(second)) return refusal("'to' cid was already recursively pinned")
        this.pins.set(second, this.#handsOn ? (this.pins.get(first) as string) : '')
        return { body: { Pins: [first, second] } }
      case 'dag/stat': {
        const asked = [first, second, ...more].filter((cid) => cid !== '')
        if (asked.some((cid) => this.gone.has(cid))) return refusal('block was not found locally (offline)')
        return { body: { DagStats: asked.map((cid) => ({ Cid: { '/': cid }, Size: blockBytes })) } }
      }
      default:
        return refusal(`unexpected ${call}`)
    }
  }
}

test('each block costs one call, and all who wait share the question for sizes', async () => {
  const kubo = new KuboServer()
  const leaves = await kubo.leafPins()
  assert.equal(await leaves.pin(cids[0] as CID, signal), blockBytes)
  const before = kubo.calls.length
  kubo.busy = true
  assert.deepEqual(
    await Promise.all(cids.slice(1).map((cid) => leaves.pin(cid, signal))),
    cids.slice(1).map(() => blockBytes)
  )
  for (const cid of cids) assert.equal(kubo.pins.get(cid.toString()), mark)
  const since = kubo.calls.slice(before)
  assert.equal(since.filter((call) => call === 'pin/update').length, cids.length - 1)
  assert.ok(since.length < cids.length + 5, since.join(' '))
})

test('what somebody has pinned stays his', async () => {
  const kubo = new KuboServer()
  const leaves = await kubo.leafPins()
  const [one] = cids as [CID]
  kubo.pins.set(one.toString(), 'theirs')
  assert.equal(await leaves.pin(one, signal), undefined)
  assert.equal(kubo.pins.get(one.toString()), 'theirs')
})

test('a Kubo that does not hand names on is asked for nothing of the kind', async () => {
  const kubo = new KuboServer(false)
  const leaves = await kubo.leafPins()
  for (const cid of cids.slice(0, 2)) assert.equal(await leaves.pin(cid, signal), undefined)
  for (const cid of cids) assert.ok(!kubo.pins.has(cid.toString()))
  // That was tried once, with a pin that is gone again.
  assert.equal(kubo.count('pin/update'), 1)
  assert.equal(kubo.pins.size, 1)
})

test('a Kubo that refuses such calls is asked the longer way, and not again', async () => {
  const kubo = new KuboServer()
  const leaves = await kubo.leafPins()
  kubo.refuses = 'pin/update'
  for (const cid of cids.slice(0, 3)) assert.equal(await leaves.pin(cid, signal), undefined)
  assert.equal(kubo.count('pin/update'), 1)
})

test('a pattern that somebody took away is made again', async () => {
  const kubo = new KuboServer()
  const leaves = await kubo.leafPins()
  await leaves.pin(cids[0] as CID, signal)
  const pattern = [...kubo.pins.keys()].find((cid) => cid !== String(cids[0])) as string
  kubo.pins.delete(pattern)
  assert.equal(await leaves.pin(cids[1] as CID, signal), blockBytes)
  assert.equal(kubo.pins.get(pattern), mark)
  await leaves.end(signal)
  assert.ok(!kubo.pins.has(pattern))
  assert.equal(await leaves.pin(cids[2] as CID, signal), blockBytes)
})

test('a block that is missing fails its own pin alone', async () => {
  const kubo = new KuboServer()
  const leaves = await kubo.leafPins()
  kubo.gone.add(String(cids[3]))
  const outcomes = await Promise.allSettled(cids.map((cid) => leaves.pin(cid, signal)))
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    cids.map((_cid, n) => (n === 3 ? 'rejected' : 'fulfilled'))
  )
})
