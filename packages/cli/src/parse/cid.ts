// CIDs by their shape: enough to catch a slip of the hand before anything is asked, without loading the library that
// decodes them. The peer decodes every one and has the last word.

import { MeshError } from '@pinmesh/node/mesh-error'
import { shown } from './refuse.ts'

const shapes = [
  /^Qm[1-9A-HJ-NP-Za-km-z]{44}$/, // version 0
  /^b[a-z2-7]{7,}$/,
  /^B[A-Z2-7]{7,}$/,
  /^z[1-9A-HJ-NP-Za-km-z]{5,}$/,
  /^k[0-9a-z]{6,}$/,
  /^f[0-9a-f]{8,}$/
]
const charsMax = 512

/** The CID in `<cid>`, `/ipfs/<cid>` or `ipfs://<cid>`, as it was written, but base32 in small letters. MESH_BAD_CID. */
export function parseCid(text: string): string {
  const bare = text.replace(/^(\/ipfs\/|ipfs:\/\/)/, '').replace(/\/$/, '')
  const [cid = '', below] = bare.split(/\/(.*)/s)
  if (cid.length > charsMax || !shapes.some((shape) => shape.test(cid))) {
    throw badCid(`"${shown(text)}" is not a CID.`, 'Give a CID such as bafy… or Qm…, or /ipfs/<cid>.')
  }
  if (below !== undefined) {
    throw badCid(`"${shown(text)}" names a part below a CID.`, `Give the CID of that part, or the whole: ${cid}.`)
  }
  return cid.startsWith('B') ? cid.toLowerCase() : cid
}

function badCid(message: string, remedy: string): MeshError {
  return new MeshError('MESH_BAD_CID', message, { exit: 1, remedy })
}
