// What a running peer says of itself and of the others.

import { connect, isIPv4, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { NodeInfo, PeerInfo } from '@pinmesh/node'
import { bytesText } from '../text/bytes.ts'
import { clean } from '../text/table.ts'
import { type Check, fail, ok, unknown, warn } from './check.ts'

const connectMs = 2000
const fullShare = 0.9

export function checksOf(info: NodeInfo, peers: readonly PeerInfo[]): Check[] {
  return [
    checkPeer(info),
    ...(info.keyLogForked ? [keyLogForked] : []),
    checkStore(info, peers),
    checkSpace(info),
    checkClock(info, peers),
    checkReach(info, peers)
  ]
}

const keyLogForked = fail(
  'key log',
  'The root key has signed two histories; peers go by the one that they saw first.',
  'Keep one machine for the root key, and join the peers of the other side anew.'
)

function checkPeer({ peer, name, role }: NodeInfo): Check {
  const text = `${peer} runs in the mesh ${clean(name)} as ${role}.`
  if (role === 'removed')
    return fail(
      'peer',
      `${peer} was put out of the mesh.`,
      `Only its owner brings it back: \`mesh peers vouch ${peer}\`.`
    )
  if (role !== 'waiting') return ok('peer', text)
  return warn('peer', `${peer} is not admitted yet.`, `Have its owner run \`mesh peers vouch ${peer}\`.`)
}

function checkStore({ store }: NodeInfo, peers: readonly PeerInfo[]): Check {
  const inKubo = peers.some(({ self, backend }) => self && backend === 'kubo')
  const back = inKubo ? 'Kubo' : 'the back end'
  if (store === 'ok') return ok('store', `The disk takes writes, and ${back} answers.`)
  const remedy = inKubo
    ? 'Look at its disk, at `ipfs daemon` and at `mesh watch`.'
    : 'Look at its disk and at `mesh watch`.'
  return fail('store', `The disk or ${back} is ${store}.`, remedy)
}

function checkSpace({ spaceBytes, usedBytes }: NodeInfo): Check {
  const text = `${bytesText(usedBytes)} of ${bytesText(spaceBytes)} are used.`
  const share = usedBytes / spaceBytes
  if (share < fullShare) return ok('space', text)
  return warn(
    'space',
    `${text.slice(0, -1)}: it takes in little that is new.`,
    'Give more with `mesh config set space`.'
  )
}

function checkClock({ clock }: NodeInfo, peers: readonly PeerInfo[]): Check {
  const remedy = 'Set it, and let NTP keep it.'
  if (clock.inDoubt) {
    const minutes = Math.round(Math.abs(clock.offsetMs) / 60_000)
    const how =
      clock.offsetMs === 0 ? 'They do not agree' : `It is ${minutes} min ${clock.offsetMs > 0 ? 'behind' : 'ahead'}`
    return fail('clock', `Other peers have another time, so nothing falls due. ${how}.`, remedy)
  }
  const heard = peers.filter(({ self, state }) => !self && state === 'alive')
  if (heard.length === 0) return unknown('clock', 'No other peer is heard to compare it with.')
  const wrong = heard.filter(({ clockAheadMs }) => clockAheadMs !== undefined).length
  return ok('clock', `${heard.length - wrong} of ${heard.length} other peers have the same time, to five minutes.`)
}

/** A connection that another peer opened is a proof; without one there are only hints. */
function checkReach({ connections, addresses }: NodeInfo, peers: readonly PeerInfo[]): Check {
  const others = peers.filter(({ self }) => !self)
  const alive = others.filter(({ state }) => state === 'alive').length
  if (others.length === 0) return unknown('reachability', 'There is no other peer in the mesh yet.')
  const heard = `${alive} of ${others.length} other peers are heard`
  if (alive === 0) {
    return fail(
      'reachability',
      `None of the ${others.length} other peers is heard.`,
      'Look at the network and the firewall.'
    )
  }
  if (connections.dialers > 0) {
    return ok('reachability', `${heard}; ${connections.dialers} opened the connection to this one themselves.`)
  }
  if (addresses.every(isPrivate)) {
    const text = `${heard}, but none opened a connection to this one, whose addresses are good in its own network alone.`
    return warn(
      'reachability',
      text,
      'Forward its ports and tell others the outer address: `mesh config set announce`.'
    )
  }
  return unknown('reachability', `${heard}; none has opened a connection to this one yet.`)
}

/** Loopback, private and link-local: RFC 1918, 4193, 6598, 3927, 4291. */
export function isPrivate(address: string): boolean {
  const [, kind, host = ''] = address.split('/')
  if (kind === 'ip6') return /^(?:::1$|f[cd]|fe[89ab])/i.test(host)
  if (kind !== 'ip4') return false
  return /^(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./.test(host)
}

/** Whether the addresses of this machine that the peer tells are really answered; only where doctor runs on it. */
export async function checkListening({ addresses }: NodeInfo): Promise<Check> {
  const own = new Set(Object.values(networkInterfaces()).flatMap((some) => (some ?? []).map(({ address }) => address)))
  const here = addresses.filter((address) => own.has(address.split('/')[2] ?? ''))
  const dead: string[] = []
  for (const address of here) if (!(await answers(address))) dead.push(address)
  if (dead.length > 0)
    return fail('ports', `Nothing answers at ${dead.join(', ')}.`, 'Look at the firewall of this machine.')
  if (here.length === 0) return unknown('ports', 'None of the addresses that it tells is one of this machine.')
  return ok('ports', `It answers at ${here.join(', ')}.`)
}

async function answers(address: string): Promise<boolean> {
  const [, , host = '', , port = ''] = address.split('/')
  if (!isIPv4(host) && !isIPv6(host)) return false
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: connectMs })
    const end = (answered: boolean) => (): void => {
      socket.destroy()
      resolve(answered)
    }
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false))
  })
}
