// Peer ids: the text form of an ed25519 key, as `mesh id` prints it.

import { badValue, usage } from './refuse.ts'

const form = /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/

/** MESH_BAD_VALUE. */
export function parsePeer(text: string): string {
  if (!form.test(text)) throw badValue('a peer id', text, 'Give the one that `mesh id` prints on that peer: 12D3KooW….')
  return text
}

const chosenMax = 16

/** One or more more peers, with commas between them. MESH_BAD_VALUE, MESH_USAGE. */
export function addPeers(text: string, before: readonly string[] = []): string[] {
  const peers = [...new Set([...before, ...text.split(',').map((part) => parsePeer(part.trim()))])]
  if (peers.length > chosenMax) throw usage(`At most ${chosenMax} peers can be chosen.`, 'Give fewer with --on.')
  return peers
}
