// The trust of the fake node: one writer, one that was removed and whose pins are in limbo, one invitation. What is asked
// is written down and changes nothing.

import type { CallOptions } from '../mesh-call.ts'
import type { MeshPolicy, MeshTrust } from '../mesh-trust.ts'
import { cids, type FakeState, other, peer } from './state.ts'

const policy: MeshPolicy = {
  admission: 'open',
  replicas: 3,
  trustedMin: 1,
  profile: 'wan',
  workBits: 18,
  protocolMin: 1
}
const invitation = { id: 'abcdef012345', until: 1e12 }

export function fakeTrust({ asked }: FakeState): MeshTrust {
  const ask = ({ signal: _signal, ...what }: CallOptions & Record<string, unknown>): void => void asked.push(what)
  return {
    async invite(request = {}) {
      ask({ invite: request })
      return { invite: 'zInvitation', ...invitation, writer: request.writer ?? false, uses: request.uses ?? 1 }
    },
    invitations: async () => [{ ...invitation, writer: true, uses: 2, usedBy: [peer], made: true, state: 'open' }],
    endInvitation: async (which, options) => ask({ endInvitation: which, ...options }),
    writers: async () => [
      { peer, writer: 7, mayInvite: false, removed: false },
      { peer: other, writer: 9, mayInvite: true, removed: true }
    ],
    async addWriter(of, options) {
      ask({ addWriter: of, ...options })
      return { writer: 7 }
    },
    async removeWriter(of, options) {
      ask({ removeWriter: of, ...options })
      return { writer: 7, adopted: options?.adopt === true ? 12 : 0 }
    },
    async *limbo() {
      // No name is safe to show as it is.
      const held = { cid: cids[0]!, name: 'films\u0007', want: 2, writer: other, held: true, keptUntil: 1e12 }
      yield [held, { cid: cids[1]!, want: 0, writer: other, held: false }]
    },
    async adoptLimbo(some) {
      ask({ adoptLimbo: some })
      return { adopted: some?.length ?? 2 }
    },
    async dropLimbo(of, options) {
      ask({ dropLimbo: of, ...options })
      return { writers: [9] }
    },
    vouch: async (of, options) => ask({ vouch: of, ...options }),
    withdraw: async (of, options) => ask({ withdraw: of, ...options }),
    removePeer: async (of, options) => ask({ removePeer: of, ...options }),
    reloadRoot: async () => ask({ reloadRoot: true }),
    rotateRoot: async (options) => ask({ rotateRoot: true, ...options }),
    policy: async () => policy,
    async setPolicy(change, options) {
      ask({ setPolicy: change, ...options })
      return { ...policy, ...change }
    }
  }
}
