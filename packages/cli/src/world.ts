// What the command touches of the world outside: streams, environment, the signal of Ctrl-C, and the peer itself, which
// is loaded only by the commands that run one. Tests pass streams of their own and a fake peer.

import type { Readable, Writable } from 'node:stream'
import type { NodeDoor } from './node-door.ts'

export type Input = Readable & { isTTY?: boolean }
export type Terminal = Writable & { isTTY?: boolean; columns?: number }

export interface World {
  readonly stdin: Input
  readonly stdout: Terminal
  readonly stderr: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user's folder, below which the default home is. */
  readonly userFolder: string
  /** What runs this command: Node and the script, absolute. */
  readonly command: readonly string[]
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  loadNode(): Promise<NodeDoor>
}
