// What lies below a folder, name by name. Large folders (shards) are searched by the exporter, one block a level.

import { walkPath } from 'ipfs-unixfs-exporter'
import type { CID } from 'multiformats/cid'
import { ContentError } from '../content-error.ts'
import { checkedCid } from '../dag/digest.ts'
import { nodeOf } from './export.ts'
import type { ReadBlock } from './export.ts'
import { safePath } from './paths.ts'

/** Of one large folder; an honest one of a million entries has three levels. */
const shardLevelsMax = 64

/** The CID at the path, names joined by '/'; undefined when there is nothing. */
export async function resolvePath(root: CID, path: string, read: ReadBlock): Promise<CID | undefined> {
  if (path === '') return root
  let at: CID | undefined = root
  for (const name of safePath(path, 'refused').split('/')) {
    const { kind, links } = await nodeOf(at, await read(at))
    if (kind === 'bytes') return undefined
    const link = links.find((one) => one.Name === name)?.Hash as CID | undefined
    at = kind === 'folder' ? link?.toV1() : await inShards(at, name, read)
    if (at === undefined) return undefined
    checkedCid(at)
  }
  return at
}

async function inShards(folder: CID, name: string, read: ReadBlock): Promise<CID | undefined> {
  let levels = 0
  let failure: { error: unknown } | undefined
  const get = async function* (cid: CID): AsyncGenerator<Uint8Array> {
    try {
      if (++levels > shardLevelsMax) throw new ContentError('bad-dag', `The folder ${folder} is nested too deep`)
      yield await read(checkedCid(cid.toV1()))
    } catch (error) {
      failure = { error }
      throw error
    }
  }
  try {
    let found = folder
    for await (const { cid } of walkPath(`${folder}/${name}`, { get })) found = cid
    return found.equals(folder) ? undefined : found.toV1()
  } catch (error) {
    if (failure !== undefined) throw failure.error
    if (error instanceof Error && error.name === 'NotFoundError') return undefined
    throw new ContentError('bad-dag', `${folder} is not a folder`, { cause: error })
  }
}
