// Texts to multiaddrs, and libp2p's errors to a code and one sentence.

import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { abortedError, TransportError } from './transport-error.ts'

/** Parses a multiaddr text; MESH_BAD_ADDRESS otherwise. */
export function parseAddress(text: string): Multiaddr {
  try {
    return multiaddr(text)
  } catch (error) {
    throw new TransportError('MESH_BAD_ADDRESS', `"${text}" is not a multiaddr such as /ip4/192.0.2.7/tcp/4101.`, error)
  }
}

/** Why a start failed. */
export function listenError(error: unknown, listen: readonly string[]): TransportError {
  const text = textOf(error)
  const where = listen.join(', ')
  return text.includes('EADDRINUSE')
    ? new TransportError('MESH_PORT_TAKEN', `Another program listens on a port of ${where}.`, error)
    : new TransportError('MESH_BAD_ADDRESS', `This machine cannot listen on ${where}.`, error)
}

const reasons: readonly (readonly [string, string])[] = [
  ['ECONNREFUSED', 'nothing listens there'],
  ['EHOSTUNREACH', 'there is no route to it'],
  ['ENETUNREACH', 'there is no route to it'],
  ['ENOTFOUND', 'its name is not known'],
  ['Payload identity key', 'another peer answers there'],
  ['UnexpectedPeerError', 'another peer answers there'],
  ['Can not dial self', 'it is this peer itself'],
  ['NoValidAddressesError', 'this node has no transport for such an address'],
  ['TransportUnavailableError', 'this node has no transport for such an address'],
  ['imeout', 'it did not answer in time'],
  ['ECONNRESET', 'it closed the connection']
]

/** Why a dial failed. */
export function dialError(error: unknown, address: string, signal: AbortSignal): TransportError {
  if (signal.aborted && (signal.reason as Error | undefined)?.name !== 'TimeoutError') return abortedError(signal)
  const text = signal.aborted ? 'timeout' : textOf(error)
  const reason = reasons.find(([part]) => text.includes(part))?.[1] ?? 'the connection could not be set up'
  return new TransportError('MESH_UNREACHABLE', `${address} cannot be reached: ${reason}.`, error)
}

/** Names and messages of an error, its causes and its parts, as one text to look for words in. */
function textOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 4) return String(error)
  const parts = error instanceof AggregateError ? (error.errors as unknown[]) : []
  return [error.name, error.message, error.cause === undefined ? '' : textOf(error.cause, depth + 1)]
    .concat(parts.map((part) => textOf(part, depth + 1)))
    .join(' ')
}
