// Running a peer in the foreground, for `start` and `join`: the peer, the API in front of it, the file that tells other
// commands where that is, and the end in the reverse order. Ending is not leaving: the others keep counting on its copies.

import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiListen } from '@pinmesh/api/client'
import type { MeshNode, NodeInfo } from '@pinmesh/node'
import { apiListenDefault } from './api-listen.ts'
import { noteText } from './commands/watch.ts'
import type { Exit } from './failure.ts'
import { removeApiFile, tokenFileOf, tokensFileOf, writeApiFile } from './home.ts'
import { listenDefaults } from './listen-defaults.ts'
import { Config } from './config.ts'
import type { Profile, StartSettings } from './node-door.ts'
import { apiText } from './parse/api-address.ts'
import type { Session } from './session.ts'
import type { SettledOptions } from './settings-of.ts'
import { bytesText } from './text/bytes.ts'
import { clean, table } from './text/table.ts'

export interface PeerOptions {
  /** bytes */
  space?: number
  listen?: string[]
  announce?: string[]
  api?: ApiListen
  profile?: Profile
  gossip?: boolean
  routing?: 'off' | 'public'
  router?: string[]
  serve?: 'members' | 'public'
  mdns?: boolean
  zone?: string
  kubo?: string
  sharedBackend?: boolean
}

/** A newcomer to an open mesh is admitted within a second or so; its role is worth that wait before it is told. */
const roleWaitMs = 5_000
const roleLookMs = 50

export async function serve(
  session: Session,
  { options, given }: SettledOptions,
  { awaitRole, salvage = false }: { awaitRole: boolean; salvage?: boolean }
): Promise<Exit> {
  const { world, home, out } = session
  const { createNode, keptKubo } = await world.loadNode()
  const { createApiServer } = await import('@pinmesh/api')
  const settings = { ...settingsOf(home, options), ...(salvage ? { salvage } : {}), signal: world.signal }
  const node = await createNode(settings).catch((error: unknown) => {
    if (world.signal.aborted) return undefined
    throw error
  })
  if (node === undefined) return ended(session)
  const ending = new AbortController()
  try {
    const listen = options.api ?? apiListenDefault(home)
    const space = { get: async () => node.info().spaceBytes, set: async (bytes?: number) => node.setSpace(bytes) }
    const server = await createApiServer(node, {
      listen,
      tokenFile: tokenFileOf(home),
      tokensFile: tokensFileOf(home),
      config: new Config({ home, env: world.env, space, kubo: async () => keptKubo(home), started: given }),
      remote: session.insecure
    })
    const stop = (): void => void server.stop()
    try {
      const at = await server.start()
      await writeApiFile(home, at)
      if (awaitRole) await roleOf(node, world.signal)
      await tellReady(session, node.info(), at)
      void follow(session, node, ending.signal)
      world.signal.addEventListener('abort', stop, { once: true })
      if (world.signal.aborted) stop()
      const left = await Promise.race([server.stopped, node.left.then(() => true)])
      out.talk(left === true ? 'This peer has left the mesh.' : 'Stopping.')
    } finally {
      ending.abort()
      world.signal.removeEventListener('abort', stop)
      await removeApiFile(home)
      await server.stop()
    }
  } finally {
    await node.stop()
  }
  return ended(session)
}

/** Told to stop is no failure, also where that came before it served. */
async function ended({ out }: Session): Promise<Exit> {
  if (out.json) await out.result({ event: 'stopped' }, '')
  return 0
}

export function settingsOf(home: string, options: PeerOptions): StartSettings {
  const { listen, announce, space, profile, gossip, routing, router, mdns, zone, kubo, sharedBackend } = options
  return {
    home,
    listen: listen ?? listenDefaults(),
    ...(announce === undefined ? {} : { announce }),
    ...(space === undefined ? {} : { spaceBytes: space }),
    ...(profile === undefined ? {} : { profile }),
    ...(gossip === undefined ? {} : { gossip }),
    ...(routing === undefined ? {} : { routing }),
    ...(router === undefined ? {} : { routers: router }),
    ...(options.serve === undefined ? {} : { servePublic: options.serve === 'public' }),
    ...(mdns === undefined ? {} : { mdns }),
    ...(zone === undefined ? {} : { zone }),
    ...(kubo === undefined ? {} : { kubo }),
    ...(sharedBackend === undefined ? {} : { sharedBackend })
  }
}

async function roleOf(node: MeshNode, signal: AbortSignal): Promise<void> {
  for (let waited = 0; waited < roleWaitMs && !signal.aborted; waited += roleLookMs) {
    const { role, admission } = node.info()
    if (role !== 'waiting' || admission !== 'open') return
    await sleep(roleLookMs, undefined, { signal }).catch(() => {}) // Ctrl-C: the caller looks at the signal
  }
}

async function tellReady({ out }: Session, info: NodeInfo, at: ApiListen): Promise<void> {
  const { peer, mesh, name, role, addresses, spaceBytes, usedBytes, joinLines, admission, store } = info
  const api = apiText(at)
  const text = table([
    ['mesh', `${mesh} (${clean(name)})`],
    ['peer', peer],
    ['role', role],
    ['space', `${bytesText(spaceBytes)}, ${bytesText(usedBytes)} used`],
    ['api', api],
    ...addresses.map((address) => ['address', address]),
    ...joinLines.map((line) => ['join with', line])
  ]).join('\n')
  await out.result(
    { event: 'ready', peer, mesh, addresses, api, name, role, spaceBytes, joinLines },
    out.quiet ? peer : text
  )
  if (store !== 'ok') out.talk(`Its disk or back end is ${store}: see  mesh doctor`)
  if (role === 'removed') {
    out.talk(
      `The owner has put this peer out of the mesh: its copies count for nothing. Only he brings it back:  mesh peers vouch ${peer}`
    )
  }
  if (role === 'waiting' && admission === 'invite') {
    out.talk(`This mesh admits by invitation: ask its owner to run  mesh peers vouch ${peer}`)
  }
  out.talk('Running; Ctrl-C stops this peer, which then still belongs to the mesh.')
}

/** The log of a peer in the foreground: one write for what comes together. */
async function follow({ out }: Session, node: MeshNode, signal: AbortSignal): Promise<void> {
  const lines: string[] = []
  try {
    for await (const note of node.notes({ signal })) {
      if (lines.length === 0) setImmediate(() => out.talk(lines.splice(0).join('\n')))
      lines.push(noteText(note))
    }
  } catch {
    // The log ends with the peer; whatever ended it is told elsewhere.
  }
}
