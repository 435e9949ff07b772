/**
 * A running peer: ports and core wired together behind the programming API. What is asked here becomes a command of the core
 * or a read of the store; content moves through the ipfs room. Stopping leaves nothing half-written and does not leave the mesh.
 */
import { type Core, type Timings, meshIdText, toHex } from '@pinmesh/core'
import type { Content } from '@pinmesh/ipfs'
import type { Store } from '@pinmesh/store'
import type { Transport } from '@pinmesh/transport'
import { failureOf } from './answers.ts'
import { keepSpace } from './home-space.ts'
import type { CallOptions } from './mesh-call.ts'
import type { MeshContent } from './mesh-content.ts'
import type { LeaveOptions, LeaveStep } from './mesh-leave.ts'
import type { MeshNode, NodeInfo, Note, PeerInfo } from './mesh-node.ts'
import type { MeshPins } from './mesh-pins.ts'
import type { MeshTrust } from './mesh-trust.ts'
import type { Notes, Told } from './notes.ts'
import { PeerLeave } from './peer-leave.ts'
import { PeerContent } from './peer-content.ts'
import { PeerPins } from './peer-pins.ts'
import { PeerTrust } from './peer-trust.ts'
import type { RootHolder } from './root-holder.ts'
import { reachable, type Shell } from './shell.ts'
import { version } from './settings.ts'

export interface PeerParts {
  readonly core: Core
  readonly shell: Shell
  readonly store: Store
  readonly transport: Transport
  readonly content: Content
  readonly notes: Notes
  readonly timings: Timings
  /** notes in the home that this peer has left */
  readonly markLeft: () => Promise<void>
  readonly homePath: string
  /** ends everything, in order */
  readonly stop: () => Promise<void>
  readonly root: RootHolder
}

export class Peer implements MeshNode {
  readonly pins: MeshPins
  readonly content: MeshContent
  readonly trust: MeshTrust
  readonly #leave: PeerLeave
  readonly #parts: PeerParts
  #stopped: Promise<void> | undefined

  constructor(parts: PeerParts) {
    this.#parts = parts
    this.pins = new PeerPins(parts)
    this.content = new PeerContent(parts, this.pins)
    this.trust = new PeerTrust(parts)
    this.#leave = new PeerLeave(parts)
  }

  info(): NodeInfo {
    const { core, transport } = this.#parts
    const self = core.members().find((member) => member.self)
    const addresses = transport.addresses()
    const { facts, pinset } = core.roots
    return {
      peer: transport.peer,
      mesh: meshIdText(core.meshId),
      name: core.charter.name,
      addresses,
      joinLines: reachable(addresses).map((address) => `mesh join ${address}`),
      role: roleOf(core, self !== undefined),
      admission: core.policy?.admission ?? 'invite',
      spaceBytes: core.space.budgetBytes,
      usedBytes: core.space.usedBytes,
      version,
      roots: { facts: toHex(facts), pinset: toHex(pinset) },
      store: core.store,
      clock: { inDoubt: core.clock.inDoubt, offsetMs: core.clock.offsetMs },
      keyLogForked: core.keyLogForked,
      leaving: core.leaving,
      connections: { all: transport.connections().length, dialers: transport.dialers().length },
      ...core.counts()
    }
  }

  peers(): PeerInfo[] {
    return this.#parts.core.members().map((member) => ({
      peer: member.peer,
      self: member.self,
      state: member.state,
      since: member.since,
      class: member.trusted ? 'trusted' : 'volunteer',
      backend: member.ipfsPeer === '' ? 'helia' : 'kubo',
      writer: member.writer,
      leaving: member.leaving,
      ...(member.clockAheadMs === undefined ? {} : { clockAheadMs: member.clockAheadMs }),
      ...(member.free === undefined ? {} : { spaceFree: member.free }),
      store: member.store,
      version: member.version,
      addresses: [...member.addresses]
    }))
  }

  notes({ signal }: CallOptions = {}): AsyncIterable<Note> {
    const { notes, shell } = this.#parts
    return notes.listen(signal === undefined ? shell.stopped : AbortSignal.any([signal, shell.stopped]))
  }

  say(note: Told): void {
    this.#parts.notes.say(note)
  }

  async setSpace(bytes?: number, { signal }: CallOptions = {}): Promise<number> {
    signal?.throwIfAborted()
    const { homePath, shell } = this.#parts
    const kept = await keepSpace(homePath, bytes)
    const reply = await shell.command({ do: 'set-space', bytes: kept }, signal)
    if (reply.of !== 'done') throw failureOf(reply)
    return kept
  }

  get left(): Promise<void> {
    return this.#leave.left
  }

  leave(options?: LeaveOptions): AsyncIterable<LeaveStep> {
    return this.#leave.leave(options)
  }

  async stay(options?: CallOptions): Promise<void> {
    return this.#leave.stay(options)
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#parts.stop()
    return this.#stopped
  }
}

/** That it was put out goes before all: it may still write then, and holds nothing that counts. */
function roleOf(core: Core, isMember: boolean): NodeInfo['role'] {
  if (core.isRemoved) return 'removed'
  if (core.isWriter) return 'writer'
  if (core.trusts(core.self)) return 'trusted'
  return isMember ? 'volunteer' : 'waiting'
}
