/**
 * What concerns who belongs to the mesh, as a person commands it: changes of trust, invitations, pins of writers that were removed.
 */
import type { Command } from '../events.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Invitations } from '../trust/invitations.ts'
import type { Adoption } from './adoption.ts'
import { badCid, parseCid } from './cids.ts'
import { ownPeer, type TrustChanges } from './trust-changes.ts'
import { type Writing, writeDenied } from './writing.ts'

export interface OwnerInit extends Writing {
  readonly outbox: Outbox
  readonly trust: TrustChanges
  readonly invitations: Invitations
  readonly adoption: Adoption
}

type Of<D extends Command['do']> = Command & { do: D }

export class Owner {
  readonly #init: OwnerInit

  constructor(init: OwnerInit) {
    this.#init = init
  }

  run(id: number, command: Of<'change-trust' | 'invite' | 'limbo' | 'adopt-limbo'>): void {
    const { outbox, invitations, adoption } = this.#init
    switch (command.do) {
      case 'change-trust':
        return this.#changeTrust(id, command)
      case 'invite':
        return invitations.issue(command.terms, (grant) => {
          if ('code' in grant) outbox.fail(id, grant)
          else outbox.emit({ kind: 'reply', id, reply: { of: 'invite', grant } })
        })
      case 'limbo':
        return adoption.list(command.from, (page) =>
          outbox.emit({ kind: 'reply', id, reply: { of: 'limbo', ...page } })
        )
      case 'adopt-limbo':
        return this.#adoptLimbo(id, command)
    }
  }

  /** With `adopt` first what stands by the writer alone is written again: it never loses its standing for good. */
  #changeTrust(id: number, { change, anyway = false, adopt }: Of<'change-trust'>): void {
    const { outbox, trust, adoption, facts, self } = this.#init
    const writer = change.kind === 'remove-writer' && 'peer' in change ? facts.keyLog.writerOf(change.peer) : undefined
    if (adopt !== true || writer === undefined) return trust.run(id, change, anyway)
    const own = facts.keyLog.writerOf(self)
    const denied = own === writer ? ownPeer : (trust.denied ?? writeDenied(this.#init))
    if (denied !== undefined) return outbox.fail(id, denied)
    adoption.takeOver(writer, (taken) => {
      if ('code' in taken) return outbox.fail(id, taken)
      trust.change(change, anyway, (changed) => {
        if ('code' in changed) outbox.fail(id, changed)
        else outbox.emit({ kind: 'reply', id, reply: { of: 'change-trust', ...changed, ...taken } })
      })
    })
  }

  #adoptLimbo(id: number, { cids: texts }: Of<'adopt-limbo'>): void {
    const { outbox, adoption } = this.#init
    const denied = writeDenied(this.#init)
    if (denied !== undefined) return outbox.fail(id, denied)
    const bad = texts?.find((text) => parseCid(text) === undefined)
    if (bad !== undefined) return outbox.fail(id, badCid(bad))
    const cids = texts?.map(parseCid).filter((cid) => cid !== undefined)
    adoption.adopt(cids, (taken) => {
      if ('code' in taken) outbox.fail(id, taken)
      else outbox.emit({ kind: 'reply', id, reply: { of: 'adopted', ...taken } })
    })
  }
}
