// What can be seen only while no peer runs on the home: whether its store reads to the end, its Kubo is there, and its ports
// are free.

import { createServer } from 'node:net'
import { readConfigFile } from '../config-file.ts'
import { listenDefaults } from '../listen-defaults.ts'
import { apiText } from '../parse/api-address.ts'
import type { PeerOptions } from '../serve.ts'
import type { Session } from '../session.ts'
import { settle } from '../settings-of.ts'
import { type Check, fail, ok, refused, unknown, warn } from './check.ts'

export async function stoppedChecks(session: Session): Promise<Check[]> {
  return [
    warn('peer', `No peer runs on ${session.home}.`, 'Start it with `mesh start`.'),
    await checkStore(session),
    await checkBackEnd(session),
    await checkPorts(session),
    unknown('clock', 'It is compared with those of the other peers only while this one runs.'),
    unknown('reachability', 'Who can reach this peer is seen only while it runs.')
  ]
}

async function checkStore({ world, home }: Session): Promise<Check> {
  const { inspectHome } = await world.loadNode()
  return orFail('store', 'Look at its disk.', async () => {
    const { rows } = await inspectHome(home, world.signal)
    return ok('store', `All ${rows} rows can be read.`)
  })
}

/** Its Kubo, if it has one, is asked now: a running peer asks it now and then. */
export async function checkBackEnd({ world, home }: Session): Promise<Check> {
  const { inspectBackEnd } = await world.loadNode()
  return orFail('back end', 'Look at `ipfs daemon`.', async () => {
    const kubo = await inspectBackEnd(home, world.signal)
    if (kubo === undefined) return ok('back end', 'Content is in the embedded store of the home.')
    return ok('back end', `The Kubo ${kubo.peer} answers at ${kubo.api}.`)
  })
}

async function orFail(name: string, remedy: string, look: () => Promise<Check>): Promise<Check> {
  try {
    return await look()
  } catch (error) {
    return refused(name, error, remedy)
  }
}

async function checkPorts({ world, home }: Session): Promise<Check> {
  const places = await placesOf(home, world.env)
  const taken: string[] = []
  for (const place of places) {
    const code = await trial(place)
    if (code !== undefined) taken.push(`${place.text} (${code})`)
  }
  const remedy = 'Stop what listens there, or choose others with `mesh config set`: listen for peers, api for the API.'
  if (taken.length > 0) return fail('ports', `A peer cannot listen on ${taken.join(', ')}.`, remedy)
  return ok('ports', `A peer can listen on ${places.map(({ text }) => text).join(', ')}.`)
}

interface ListenPlace {
  readonly text: string
  readonly host: string
  readonly port: number
}

/** For peers, and for the API where that is no socket in the home. */
async function placesOf(home: string, env: Session['world']['env']): Promise<ListenPlace[]> {
  const { listen = listenDefaults(), api } = await configured(home, env)
  const forPeers = listen.map((text) => {
    const [, , host = '', , port] = text.split('/')
    return { text, host, port: Number(port) }
  })
  return api !== undefined && 'port' in api ? [...forPeers, { text: apiText(api), ...api }] : forPeers
}

async function configured(home: string, env: Session['world']['env']): Promise<PeerOptions> {
  try {
    return settle({}, env, await readConfigFile(home)).options
  } catch {
    return {} // the check of the settings tells
  }
}

/** Listens for a moment; undefined if that worked. */
async function trial({ host, port }: ListenPlace): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown error'))
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => server.close(() => resolve(undefined)))
  })
}
