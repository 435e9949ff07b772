/**
 * What a peer is started with. Defaults stand here and nowhere else.
 */
import type { Profile, Timings } from '@pinmesh/core'

export interface NodeSettings {
  /** folder of this peer; one process at a time */
  readonly home: string
  /** multiaddrs to listen on. Default: TCP 4101 and WebSockets 4102 on all interfaces */
  readonly listen?: readonly string[]
  /** multiaddrs to tell others instead of what is listened on */
  readonly announce?: readonly string[]
  /** budget in bytes. Default: what the home was set up with */
  readonly spaceBytes?: number
  /** overrides the mesh's timing profile, for tests */
  readonly profile?: Profile
  /** false: everything travels by sync. Default: true */
  readonly gossip?: boolean
  /** where content is looked for that no member has: nowhere, or among all of IPFS. Default: off */
  readonly routing?: 'off' | 'public'
  /** URLs of Delegated Routing servers to ask when routing is public. Default: a public one */
  readonly routers?: readonly string[]
  /** give blocks to anybody, not to members alone. Default: false */
  readonly servePublic?: boolean
  /** multiaddr of the RPC API of a Kubo that holds the content, 'off' for the embedded store. Default: as the home was set up */
  readonly kubo?: string
  /** run although another member keeps its content in the same Kubo. Default: false */
  readonly sharedBackend?: boolean
  /** find peers on the local network. Default: false */
  readonly mdns?: boolean
  /** declared failure domain, such as a site or rack. Default: none */
  readonly zone?: string
  /** single timings, for tests */
  readonly timings?: Partial<Timings>
}

/** What a program starts a peer with. */
export interface NodeInit extends NodeSettings {
  /** Ends a start that is under way, and undoes it. Once the peer serves it means nothing any more. */
  readonly signal?: AbortSignal
  /**
   * Where the store is damaged and no other peer can be asked: go on with what can still be read of it, and let the rest be lost.
   * Default: false, the start is refused
   */
  readonly salvage?: boolean
}

export const listenDefault: readonly string[] = ['/ip4/0.0.0.0/tcp/4101', '/ip4/0.0.0.0/tcp/4102/ws']
export const routersDefault: readonly string[] = ['https://delegated-ipfs.dev']
export const version = '0.1.0'
