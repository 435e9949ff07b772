// The programming API of leaving: a peer hands its duties on before it goes.

import type { HeldPin } from '@pinmesh/core'
import type { CallOptions } from './mesh-call.ts'

export type { HeldPin } from '@pinmesh/core'

export interface LeaveStep {
  /**
   * leaving: pins are being handed on · at-risk: what is left cannot be, for nobody could take over; the peer still keeps it ·
   * left: it is no member any more, stop it · stays: somebody took the leave back
   */
  state: 'leaving' | 'at-risk' | 'left' | 'stays'
  /** Pins still kept here for the mesh. */
  held: number
  /** Of these: others have promised to keep theirs, only this peer's own promise has to run out. */
  handedOn: number
  /** Wall ms at which its last promise runs out, 0 if there is none. */
  promisedUntil: number
  /** Those that are not handed on yet, at most 1,000 of them. */
  pins: HeldPin[]
}

/** The signal ends the watching; the leave goes on. */
export interface LeaveOptions extends CallOptions {
  /** Go at once, whatever the others have promised. */
  force?: boolean
}

export interface MeshLeave {
  /**
   * Begins to leave, or goes on with it, and yields now and whenever it has got further. It goes on without anybody
   * watching, also after a restart. Ends after at-risk, left and stays.
   */
  leave(options?: LeaveOptions): AsyncIterable<LeaveStep>
  /** Takes it back. */
  stay(options?: CallOptions): Promise<void>
}
