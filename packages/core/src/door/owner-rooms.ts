/**
 * The rooms in which the owner's wishes become operations of the key log, and invitations members, wired to one another.
 */
import type { Random } from '../crypto.ts'
import type { GossipDoor } from './gossip.ts'
import type { Syncs } from '../sync/syncs.ts'
import { Invitations, type InvitationsInit } from '../trust/invitations.ts'
import type { Standing } from '../trust/standing.ts'
import { Adoption, type AdoptionInit } from './adoption.ts'
import { KeyHeads } from './key-heads.ts'
import { Owner } from './owner.ts'
import { TrustChanges } from './trust-changes.ts'

export interface OwnerRoomsInit extends AdoptionInit, Omit<InvitationsInit, 'hasRoot' | 'change'> {
  readonly random: Random
  readonly gossip: GossipDoor
  readonly syncs: Syncs
  readonly standing: Standing
}

export interface OwnerRooms {
  readonly trust: TrustChanges
  readonly invitations: Invitations
  readonly owner: Owner
}

export function ownerRooms(init: OwnerRoomsInit): OwnerRooms {
  const { syncs, standing, gossip } = init
  const keyHeads = new KeyHeads({
    ...init,
    connections: () => syncs.connections,
    ask: (peer, frame, answered, timeoutMs) => syncs.ask(peer, frame, answered, timeoutMs),
    takeOp: (bytes, from) => standing.take('key-op', bytes, from)
  })
  const trust = new TrustChanges({
    ...init,
    keyHeads,
    trustChanged: (op) => {
      gossip.send('key-op', op)
      standing.trustChanged()
    }
  })
  const invitations = new Invitations({
    ...init,
    hasRoot: () => trust.hasRoot,
    change: (wanted, done) => trust.change(wanted, false, done)
  })
  return { trust, invitations, owner: new Owner({ ...init, trust, invitations, adoption: new Adoption(init) }) }
}
