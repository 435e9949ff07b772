// mesh add: files and folders become content of the running peer and pins of the mesh. Each argument becomes a CID of
// its own; with --wrap all of them lie in one folder.

import type { ApiClient } from '@pinmesh/api/client'
import { MeshError } from '@pinmesh/node/mesh-error'
import type { PinAnswer } from '@pinmesh/node'
import { deadlineOf } from '../deadline.ts'
import type { Exit } from '../failure.ts'
import { sourceOf, wrapped } from '../files/sources.ts'
import type { Source } from '../files/sources.ts'
import { usage } from '../parse/refuse.ts'
import { Progress } from '../progress.ts'
import type { Session } from '../session.ts'
import { Tally } from '../tally.ts'
import { bytesText } from '../text/bytes.ts'
import { clean } from '../text/table.ts'
import { waitOne } from '../wait.ts'
import { tallyWait, wishOf } from './pin.ts'
import type { PinOptions } from './pin.ts'

export interface AddOptions extends PinOptions {
  wrap?: boolean
}

interface Added extends PinAnswer {
  path: string
  bytes: number
}

export async function add(session: Session, args: string[], options: AddOptions): Promise<Exit> {
  wishOf(options)
  if (args.filter((arg) => arg === '-').length > 1) throw usage('Stdin can be read only once.', 'Give `-` once.')
  const skipped = (path: string): void => session.out.talk(`Left out ${clean(path)}: neither a file nor a folder.`)
  const each: Source[] = []
  for (const arg of args) each.push(await sourceOf(arg, session.world.stdin, skipped))
  const sources = options.wrap === true ? [wrapped(each)] : each
  const tally = new Tally()
  const deadline = deadlineOf(session.world.signal, options.timeout)
  try {
    await session.ask(async (client) => {
      for (const source of sources)
        await addOne({ session, client, tally }, source, { ...options, signal: deadline.signal })
    })
  } finally {
    deadline.clear()
  }
  return tally.exit
}

async function addOne(
  at: { session: Session; client: ApiClient; tally: Tally },
  source: Source,
  options: AddOptions & { signal: AbortSignal }
): Promise<void> {
  const { session, client, tally } = at
  const { out } = session
  const progress = new Progress(out, clean(source.label), out.lively ? await source.size() : undefined)
  let added: Added
  try {
    const {
      cid,
      bytes,
      want = 1,
      min = 1
    } = await client.content.add(source.entries(), {
      wrap: source.folder,
      pin: wishOf(options),
      onProgress: (done) => progress.update(done),
      signal: options.signal
    })
    added = { cid, path: source.label, bytes, want, min }
  } catch (error) {
    progress.end()
    if (!(error instanceof MeshError) || at.session.world.signal.aborted) throw error
    if (isLast(error)) throw error
    tally.failed(error.exit)
    out.complain(error)
    if (out.json)
      await out.result(
        { path: source.label, error: { code: error.code, message: error.message, remedy: error.remedy } },
        ''
      )
    return
  }
  progress.end()
  if (options.wait !== undefined) {
    if (!out.quiet) out.talk(`added ${added.cid}  ${clean(source.label)}, ${bytesText(added.bytes)}`)
    return tallyWait(
      tally,
      await waitOne(session, client, { answer: added, wait: options.wait, signal: options.signal })
    )
  }
  tally.done()
  await out.result(
    added,
    out.quiet ? added.cid : `added ${added.cid}  ${clean(source.label)}, ${bytesText(added.bytes)}`
  )
}

/** What the next source would meet just the same. */
function isLast(error: MeshError): boolean {
  return ['MESH_NOT_RUNNING', 'MESH_API_GONE', 'MESH_STOPPING', 'MESH_TIMED_OUT', 'MESH_NOT_A_WRITER'].includes(
    error.code
  )
}
