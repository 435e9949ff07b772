// Settings of a running peer, as whoever started it offers them: the peer itself knows only what it was started with.

import type { CallOptions } from './mesh.ts'

export interface ConfigRow {
  name: string
  /** As a person gives it, a list where there may be several; space in bytes. Not there: the default holds. */
  value?: string | string[] | number
  source: 'flag' | 'environment' | 'config' | 'default'
  /** What will hold after the next start, where that is something else; null is the default. */
  next?: string | string[] | null
  unit: string
  /** In words. */
  default: string
  why: string
}

export interface ConfigChange {
  name: string
  /** Not there: the default holds again. */
  value?: string | string[] | number
  applies: 'now' | 'start'
}

export interface MeshConfig {
  ls(options?: CallOptions): Promise<ConfigRow[]>
  /** MESH_UNKNOWN_SETTING, MESH_BAD_VALUE, MESH_BAD_ADDRESS; durable when it resolves. */
  set(name: string, texts: readonly string[], options?: CallOptions): Promise<ConfigChange>
  /** Back to the default. */
  unset(name: string, options?: CallOptions): Promise<ConfigChange>
}
