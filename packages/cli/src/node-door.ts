// What the command takes from @pinmesh/node, as far as it uses it: a test passes a fake of these.

import type { MeshNode } from '@pinmesh/node'

export type Profile = 'test' | 'lan' | 'wan'

export interface StartSettings {
  home: string
  listen?: string[]
  announce?: string[]
  spaceBytes?: number
  profile?: Profile
  gossip?: boolean
  routing?: 'off' | 'public'
  routers?: string[]
  servePublic?: boolean
  mdns?: boolean
  zone?: string
  kubo?: string
  sharedBackend?: boolean
  salvage?: boolean
  signal?: AbortSignal
}

export interface InitSettings {
  home: string
  name?: string
  open: boolean
  profile?: Profile
  spaceBytes?: number
  kubo?: string
  signal?: AbortSignal
}

export interface JoinSettings {
  home: string
  bootstrap?: string
  invite?: string
  mesh?: string
  spaceBytes?: number
  kubo?: string
  sharedBackend?: boolean
  signal?: AbortSignal
}

export interface NodeDoor {
  initHome(settings: InitSettings): Promise<{ mesh: string; peer: string; rootKeyFile: string; spaceBytes: number }>
  joinHome(settings: JoinSettings): Promise<{ mesh: string; peer: string; name: string; spaceBytes: number }>
  exportRoot(settings: { home: string; passphrase: string }): Promise<string>
  importRoot(settings: {
    home: string
    passphrase: string
    text: string
  }): Promise<{ mesh: string; rootKeyFile: string; added: boolean }>
  createNode(settings: StartSettings): Promise<MeshNode>
  keepSpace(home: string, bytes?: number): Promise<number>
  keptSpace(home: string): Promise<number>
  keptKubo(home: string): Promise<string | undefined>
  inspectHome(home: string, signal: AbortSignal): Promise<{ rows: number }>
  inspectBackEnd(home: string, signal: AbortSignal): Promise<{ api: string; peer: string } | undefined>
}
