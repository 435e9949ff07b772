// mesh get: content comes back as files below one path, verified by the peer; with `-o -` a single file goes to stdout,
// with --car all of it as one CAR.

import { resolve } from 'node:path'
import { MeshError } from '@pinmesh/node/mesh-error'
import type { ApiClient } from '@pinmesh/api/client'
import type { ContentEntry, ContentPlace } from '@pinmesh/node'
import { deadlineOf } from '../deadline.ts'
import type { Exit } from '../failure.ts'
import { writeTree } from '../files/write-tree.ts'
import { parseContentPath } from '../parse/content-path.ts'
import type { ContentPath } from '../parse/content-path.ts'
import { usage } from '../parse/refuse.ts'
import { Progress } from '../progress.ts'
import type { Session } from '../session.ts'
import { bytesText } from '../text/bytes.ts'

interface GetOptions {
  output?: string
  /** As one CAR. */
  car?: boolean
  /** ms */
  timeout?: number
}

export async function get(session: Session, arg: string, options: GetOptions): Promise<Exit> {
  const wanted = parseContentPath(arg)
  const { cid, path: below } = wanted
  const { out } = session
  const toStdout = options.output === '-'
  if (toStdout && out.json)
    throw usage('Content and JSON cannot both go to stdout.', 'Give -o a path, or leave --json out.')
  const fileName = options.car === true ? `${wanted.name}.car` : wanted.name
  const deadline = deadlineOf(
    session.world.signal,
    options.timeout,
    'Give more time; see `mesh status` for who holds it.'
  )
  const progress = new Progress(out, fileName)
  let bytes = 0
  const onBytes = (now: number): void => progress.update((bytes = now))
  const { car = false } = options
  try {
    await session.ask(async (client) => {
      const list = (from?: ContentPlace): AsyncIterable<ContentEntry> =>
        entriesOf(client, wanted, { car, from, signal: deadline.signal, progress })
      if (toStdout) return writeToStdout(session, list(), onBytes)
      const target = resolve(options.output ?? fileName)
      const { path, files } = await writeTree(list, {
        target,
        fileName,
        source: car ? undefined : below === '' ? cid : `${cid}/${below}`,
        onBytes,
        onResumed: (before) => out.talk(`Going on after the ${bytesText(before)} that an earlier try brought.`),
        onKept: (now, folder) =>
          out.talk(`What has come is kept in ${folder}: the same command goes on after its ${bytesText(now)}.`)
      })
      progress.end()
      await out.result(
        { cid, ...(below === '' ? {} : { below }), path, bytes, files },
        out.quiet ? path : `${path}  ${bytesText(bytes)}${files === 1 ? '' : ` in ${files} files`}`
      )
    })
  } finally {
    progress.end()
    deadline.clear()
  }
  return 0
}

async function* entriesOf(
  client: ApiClient,
  { cid, path }: ContentPath,
  {
    car,
    from,
    signal,
    progress
  }: { car: boolean; from?: ContentPlace | undefined; signal: AbortSignal; progress: Progress }
): AsyncGenerator<ContentEntry> {
  if (car) {
    yield { path: '', kind: 'file', size: 0, content: client.content.getCar(cid, { path, signal }) }
    return
  }
  for await (const entry of client.content.get(cid, { path, from, signal })) {
    // How much a folder holds is known only at its end.
    if (entry.path === '' && entry.kind === 'file') progress.expect(entry.size)
    yield entry
  }
}

async function writeToStdout(
  session: Session,
  entries: AsyncIterable<ContentEntry>,
  onBytes: (bytes: number) => void
): Promise<void> {
  let bytes = 0
  for await (const { kind, content } of entries) {
    if (kind === 'folder') {
      throw new MeshError('MESH_NOT_A_FILE', 'A folder cannot go to stdout.', {
        exit: 1,
        remedy: 'Give -o a path, name a file below it, or add --car.'
      })
    }
    for await (const piece of content ?? []) {
      onBytes((bytes += piece.length))
      await session.out.bytes(piece)
    }
  }
}
