// A CID and, perhaps, the way to a part below it: <cid>, <cid>/a/b, /ipfs/<cid>/a/b, ipfs://<cid>/a/b.

import { parseCid } from './cid.ts'
import { badValue } from './refuse.ts'

export interface ContentPath {
  cid: string
  /** Names joined by '/'; empty for the CID itself. */
  path: string
  /** What a file of it may be called. */
  name: string
}

/** MESH_BAD_CID, MESH_BAD_VALUE. */
export function parseContentPath(text: string): ContentPath {
  const [, head = '', below = ''] = /^((?:\/ipfs\/|ipfs:\/\/)?[^/]*)(.*)$/s.exec(text) ?? []
  const cid = parseCid(head)
  const names = below.split('/').filter((name) => name !== '')
  if (names.some((name) => name === '.' || name === '..' || /[\0\\]/.test(name)) || Buffer.byteLength(below) > 4096) {
    throw badValue('a path below a CID', text, 'Give the names of folders and of a file, such as bafy…/2024/photo.jpg.')
  }
  return { cid, path: names.join('/'), name: names.at(-1) ?? cid }
}

/** What is to be pinned: the CID, or `/ipfs/<cid>/a/b` for the peer to look up. MESH_BAD_CID, MESH_BAD_VALUE. */
export function parsePinPath(text: string): string {
  const { cid, path } = parseContentPath(text)
  return path === '' ? cid : `/ipfs/${cid}/${path}`
}
