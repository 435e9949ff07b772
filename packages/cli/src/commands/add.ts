// mesh add: files, folders, URLs and CARs become content of the running peer and pins of the mesh. Each argument becomes
// a CID of its own; with --wrap all of them lie in one folder. What is waited for is waited for together, once all is added:
// others fetch one while the next is read.

import type { ApiClient } from '@pinmesh/api/client'
import { MeshError } from '@pinmesh/node/mesh-error'
import type { Added, AddProgress, PinAnswer, PinRequest, Refused } from '@pinmesh/node'
import { deadlineOf } from '../deadline.ts'
import type { Exit } from '../failure.ts'
import { sourceOf, wrapped } from '../files/sources.ts'
import type { Source, SourceInit } from '../files/sources.ts'
import { looksLikeUrl } from '../files/url-source.ts'
import { errorObject } from '../output.ts'
import { usage } from '../parse/refuse.ts'
import { Progress } from '../progress.ts'
import type { Session } from '../session.ts'
import { Tally } from '../tally.ts'
import { bytesText } from '../text/bytes.ts'
import { clean } from '../text/table.ts'
import { waitForAll } from '../wait.ts'
import { wishOf } from './pin.ts'
import type { PinOptions } from './pin.ts'

interface AddOptions extends PinOptions {
  wrap?: boolean
  hidden?: boolean
  chunker?: string
  /** The arguments are CARs. */
  car?: boolean
  nocopy?: boolean
  /** False: a copy on this peer alone. */
  pin?: boolean
}

type Wish = Omit<PinRequest, 'cid'>

interface Adding {
  readonly session: Session
  readonly client: ApiClient
  readonly tally: Tally
  readonly options: AddOptions
  readonly pin: Wish | undefined
  readonly signal: AbortSignal
  /** Added, and to be waited for. */
  readonly pinned: (PinAnswer & { path: string; bytes: number })[]
}

export async function add(session: Session, args: string[], options: AddOptions): Promise<Exit> {
  const pin = checked(args, options)
  const tally = new Tally()
  const deadline = deadlineOf(session.world.signal, options.timeout)
  const over = new AbortController()
  const signal = AbortSignal.any([deadline.signal, over.signal])
  const left = new LeftOut(session)
  try {
    const init: SourceInit = {
      stdin: session.world.stdin,
      signal,
      hidden: options.hidden === true,
      skipped: (path, why) => left.add(path, why)
    }
    const each: Source[] = []
    for (const arg of args) each.push(await sourceOf(arg, init))
    const sources = options.wrap === true ? [wrapped(each)] : each
    await session.ask(async (client) => {
      const adding: Adding = { session, client, tally, options, pin, signal: deadline.signal, pinned: [] }
      try {
        for (const source of sources) await addOne(adding, source)
      } finally {
        const { pinned: answers } = adding // also for what was added before one failed
        await waitForAll(session, client, { answers, wait: options.wait ?? 0, signal: deadline.signal, tally })
      }
    })
  } finally {
    over.abort() // a download that was refused before its end
    deadline.clear()
  }
  left.tell()
  return tally.exit
}

/** The wish, if there is one. MESH_NOCOPY, MESH_USAGE, MESH_BAD_REPLICAS. */
function checked(args: readonly string[], options: AddOptions): Wish | undefined {
  if (options.nocopy === true) {
    const message = 'Content cannot stay in its file: it would be gone, or something else, once the file is changed.'
    throw new MeshError('MESH_NOCOPY', message, {
      exit: 1,
      remedy: 'Leave --nocopy out: the peer keeps a copy that others can rely on.'
    })
  }
  if (args.filter((arg) => arg === '-').length > 1) throw usage('Stdin can be read only once.', 'Give `-` once.')
  if (options.car === true && (options.wrap === true || options.hidden === true || options.chunker !== undefined)) {
    throw usage('A CAR is taken as it is.', 'Leave --wrap, --hidden and --chunker out.')
  }
  const wish = wishOf(options)
  if (options.pin !== false) return wish
  if (Object.keys(wish).length > 0 || options.wait !== undefined) {
    throw usage('Without a pin there is nothing to say about it.', 'Leave --no-pin out, or all that tells of the pin.')
  }
  return undefined
}

async function addOne(adding: Adding, source: Source): Promise<void> {
  const { session } = adding
  const { out } = session
  const progress = new Progress(out, clean(source.label))
  try {
    await fits(adding, source)
    if (out.lively) progress.expect((await source.size()) ?? 0)
    const onProgress = ({ detail }: AddProgress): void => progress.update(detail.bytes)
    const added =
      adding.options.car === true
        ? await bringCar(adding, source, onProgress)
        : [await bring(adding, source, onProgress)]
    progress.end()
    for (const one of added) {
      if ('error' in one) await tellRefused(adding, { path: source.label, ...one })
      else await tellAdded(adding, source, one)
    }
  } catch (error) {
    progress.end()
    if (!(error instanceof MeshError) || session.world.signal.aborted || isLast(error)) throw error
    await tellRefused(adding, { path: source.label, error })
  }
}

async function bring(adding: Adding, source: Source, onProgress: (event: AddProgress) => void): Promise<Added> {
  const { client, options, pin, signal } = adding
  return client.content.add(source.entries(), {
    wrap: source.folder,
    ...(options.chunker === undefined ? {} : { chunker: options.chunker }),
    ...(pin === undefined ? {} : { pin }),
    onProgress,
    signal
  })
}

/** A download that could never fit is not begun. MESH_NO_SPACE. */
async function fits({ client, signal }: Adding, source: Source): Promise<void> {
  if (!looksLikeUrl(source.label)) return
  const size = (await source.size()) ?? 0
  const { spaceBytes } = await client.info({ signal })
  if (size <= spaceBytes) return
  const message = `${clean(source.label)} has ${bytesText(size)}, more than the whole budget of the peer.`
  throw new MeshError('MESH_NO_SPACE', message, { remedy: 'Give more with `mesh config set space`.' })
}

async function bringCar(
  { client, pin, signal }: Adding,
  source: Source,
  onProgress: (event: AddProgress) => void
): Promise<(Added | Refused)[]> {
  if (source.folder)
    throw usage(`${clean(source.label)} is a folder, not a CAR.`, 'Give the CAR itself, or leave --car out.')
  return client.content.addCar(bytesOf(source), { ...(pin === undefined ? {} : { pin }), onProgress, signal })
}

async function* bytesOf(source: Source): AsyncGenerator<Uint8Array> {
  for await (const { content } of source.entries()) yield* content ?? []
}

async function tellAdded(adding: Adding, source: Source, added: Added): Promise<void> {
  const { session, tally, options, pin } = adding
  const { out } = session
  const { cid, bytes, want = 1, min = 1, ...more } = added
  const path = source.label
  const text = `added ${cid}  ${clean(path)}, ${bytesText(bytes)}`
  if (pin === undefined) {
    tally.done()
    return out.result({ cid, path, bytes }, out.quiet ? cid : `${text}, not pinned`)
  }
  const answer = { cid, path, bytes, want, min, ...more }
  if (options.wait !== undefined) {
    out.talk(text)
    adding.pinned.push(answer)
    return
  }
  tally.done()
  await out.result(answer, out.quiet ? cid : text)
}

async function tellRefused(adding: Adding, refused: { path: string; cid?: string; error: MeshError }): Promise<void> {
  const { out } = adding.session
  adding.tally.failed(refused.error.exit)
  out.complain(refused.error, refused.path)
  if (out.json) await out.result({ ...refused, error: errorObject(refused.error) }, '')
}

/** What was not added though it lies there. */
class LeftOut {
  readonly #session: Session
  #hidden = 0

  constructor(session: Session) {
    this.#session = session
  }

  add(path: string, why: 'hidden' | 'special'): void {
    if (why === 'hidden') this.#hidden++
    else this.#session.out.talk(`Left out ${clean(path)}: neither a file nor a folder.`)
  }

  tell(): void {
    if (this.#hidden === 0) return
    const what = this.#hidden === 1 ? '1 hidden file or folder' : `${this.#hidden} hidden files or folders`
    this.#session.out.talk(`Left out ${what}; --hidden takes them too.`)
  }
}

/** What the next source would meet just the same. */
function isLast(error: MeshError): boolean {
  return ['MESH_NOT_RUNNING', 'MESH_API_GONE', 'MESH_STOPPING', 'MESH_TIMED_OUT', 'MESH_NOT_A_WRITER'].includes(
    error.code
  )
}
