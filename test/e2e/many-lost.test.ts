// Several peers end at once, without a word. Few are repaired like any loss; many may be an outage, so the rest waits before
// it copies everything; and who hears nearly nobody takes himself for cut off first. Whatever the rest thinks of it, it lets
// go of nothing, and in the end every pin has its copies again.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { AddEntry } from '@pinmesh/node'
import { isWhole, noted } from '../kit/copies.ts'
import { bytesOf, sameFile, writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const files = 8
const fileBytes = 100_000
/** down, the longest brake, and the copying, on a busy machine. */
const wholeMs = 120_000

interface Loss {
  readonly lost: number
  readonly of: number
  /** Copies of each pin: more than are lost, or as many as leave one with every pin. */
  readonly replicas: number
  readonly isolated: boolean
  readonly braked: boolean
}

for (const loss of [
  { lost: 2, of: 6, replicas: 3, isolated: false, braked: false },
  { lost: 3, of: 9, replicas: 4, isolated: false, braked: true },
  { lost: 4, of: 6, replicas: 5, isolated: true, braked: true }
] satisfies Loss[]) {
  suite(`${loss.lost} of ${loss.of} end at once`, () => {
    const { lost, of, replicas } = loss
    const lab = new Lab('many-lost')
    let peers: PeerProcess[] = []
    let rest: PeerProcess[] = []
    const cids: string[] = []

    before(async () => {
      peers = await lab.mesh(Array.from({ length: of }, (_none, n) => `peer${n}`))
      rest = peers.slice(0, of - lost)
      await lab.trust(peers)
      for (let n = 0; n < files; n++) cids.push(await pinned(peers[0] as PeerProcess, contentOf(n), replicas))
      await until('each copy is where it belongs', wholeMs, async () => isWhole(cids, peers))
    })
    after(async () => lab.close())

    test(expectation(loss), async () => {
      const released = noted(rest, 'released')
      const seen = rest.map(({ notes }) => notes.length)
      const said = (code: string): boolean[] =>
        rest.map(({ notes }, n) => notes.slice(seen[n]).some((note) => note.code === code && note['is'] === true))
      await Promise.all(peers.slice(of - lost).map(async (peer) => peer.kill()))
      const want = Math.min(replicas, rest.length)
      await until('every pin has its copies among the rest', wholeMs, async () => {
        for (const { client } of rest) {
          for (const cid of cids) {
            const holders = (await client.pins.status(cid)).peers.filter(({ state }) => state === 'held')
            if (rest.filter(({ peer }) => holders.some((one) => one.peer === peer)).length < want) return false
          }
        }
        return true
      })
      await until('all have said how they take it', 10_000, () => {
        assert.deepEqual(new Set(said('isolated')), new Set([loss.isolated]), 'took themselves for cut off')
        assert.deepEqual(new Set(said('braking')), new Set([loss.braked]), 'held repair back')
        return true
      })
      assert.equal(noted(rest, 'released'), released, 'nothing was let go')
      const copy = join(lab.folder, 'copy')
      await (rest.at(-1) as PeerProcess).run(['get', cids.at(-1) as string, '-o', copy, '--timeout', '20s'])
      sameFile(writeBytes(join(lab.folder, 'original'), `kept ${files - 1}`, fileBytes), copy)
    })
  })
}

function contentOf(n: number): Uint8Array {
  return bytesOf(`kept ${n}`, fileBytes)
}

/** Pins what this peer has and does not hold: as an extra copy it would be let go some time later. */
async function pinned({ client }: PeerProcess, bytes: Uint8Array, replicas: number): Promise<string> {
  const file = async function* (): AsyncIterable<AddEntry> {
    yield {
      path: 'file',
      content: (async function* () {
        yield bytes
      })()
    }
  }
  const { cid } = await client.content.add(file(), { wrap: false })
  await client.pins.add([{ cid, replicas }])
  return cid
}

function expectation({ isolated, braked }: Loss): string {
  const first = isolated ? 'the rest takes itself for cut off, then holds repair back' : 'the rest holds repair back'
  return braked ? `${first}, then every pin is whole` : 'it is repaired like any loss'
}
