// mesh get: content comes back as files below one path, verified by the peer; with `-o -` a single file goes to stdout.

import { resolve } from 'node:path'
import { MeshError } from '@pinmesh/node/mesh-error'
import type { ContentEntry } from '@pinmesh/node'
import { deadlineOf } from '../deadline.ts'
import type { Exit } from '../failure.ts'
import { writeTree } from '../files/write-tree.ts'
import { parseCid } from '../parse/cid.ts'
import { usage } from '../parse/refuse.ts'
import { Progress } from '../progress.ts'
import type { Session } from '../session.ts'
import { bytesText } from '../text/bytes.ts'

export interface GetOptions {
  output?: string
  /** ms */
  timeout?: number
}

export async function get(session: Session, arg: string, options: GetOptions): Promise<Exit> {
  const cid = parseCid(arg)
  const { out } = session
  const toStdout = options.output === '-'
  if (toStdout && out.json)
    throw usage('Content and JSON cannot both go to stdout.', 'Give -o a path, or leave --json out.')
  const deadline = deadlineOf(session.world.signal, options.timeout)
  const progress = new Progress(out, cid)
  let bytes = 0
  const onBytes = (more: number): void => progress.update((bytes += more))
  try {
    await session.ask(async (client) => {
      const entries = client.content.get(cid, { signal: deadline.signal })
      if (toStdout) return writeToStdout(session, entries, onBytes)
      const target = resolve(options.output ?? cid)
      const { path, files } = await writeTree(entries, { target, fileName: cid, onBytes })
      progress.end()
      await out.result(
        { cid, path, bytes, files },
        out.quiet ? path : `${path}  ${bytesText(bytes)}${files === 1 ? '' : ` in ${files} files`}`
      )
    })
  } finally {
    progress.end()
    deadline.clear()
  }
  return 0
}

async function writeToStdout(
  session: Session,
  entries: AsyncIterable<ContentEntry>,
  onBytes: (more: number) => void
): Promise<void> {
  for await (const { kind, content } of entries) {
    if (kind === 'folder') {
      throw new MeshError('MESH_NOT_A_FILE', 'A folder cannot go to stdout.', { exit: 1, remedy: 'Give -o a path.' })
    }
    for await (const piece of content ?? []) {
      onBytes(piece.length)
      await session.out.bytes(piece)
    }
  }
}
