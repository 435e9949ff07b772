// What a test asks about copies, over all peers of a mesh.

import { join } from 'node:path'
import { writeBytes } from './files.ts'
import type { Lab } from './lab.ts'
import type { PeerProcess } from './peer.ts'

const fileBytes = 100_000

/** So many files made of `word`, added by a peer; their CIDs. They stay in the lab's folder as `word-0`, `word-1` … */
export async function addFiles(
  lab: Lab,
  by: PeerProcess,
  { word, count, replicas }: { word: string; count: number; replicas: number }
): Promise<string[]> {
  const paths = Array.from({ length: count }, (_none, n) =>
    writeBytes(join(lab.folder, `${word}-${n}`), `${word} ${n}`, fileBytes)
  )
  return (await by.run(['add', ...paths, '-r', String(replicas)])).map(({ cid }) => String(cid))
}

/** Is every pin held by exactly as many peers as it wants, all of them its targets, in the eyes of each of these? */
export async function isWhole(cids: readonly string[], by: readonly PeerProcess[]): Promise<boolean> {
  for (const { client } of by) {
    for (const cid of cids) {
      const { want, peers } = await client.pins.status(cid)
      const holders = peers.filter(({ state }) => state === 'held')
      if (holders.length !== want || !holders.every(({ target }) => target)) return false
    }
  }
  return true
}

/** Of the pin that has the fewest: its copies, as their holders say themselves, less the number it wants. */
export async function leastSpare(peers: readonly PeerProcess[]): Promise<number> {
  const spare = new Map<string, number>()
  for (const { client, peer } of peers) {
    for await (const pin of client.pins.statuses()) {
      const held = pin.peers.some((one) => one.peer === peer && one.state === 'held') ? 1 : 0
      spare.set(pin.cid, (spare.get(pin.cid) ?? -pin.want) + held)
    }
  }
  return Math.min(...spare.values())
}

/** How often these peers have noted it. */
export function noted(peers: readonly PeerProcess[], code: string): number {
  return peers.reduce((sum, { notes }) => sum + notes.filter((note) => note.code === code).length, 0)
}
