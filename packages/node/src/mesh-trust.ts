// The programming API of the mesh's owner: who may write, who is trusted. All of it needs the root key on this peer
// (MESH_NO_ROOT_KEY).

export interface MeshTrust {
  /** Lets a peer change the pinset. Resolves with its 32-bit client id. */
  addWriter(peer: string): Promise<{ writer: number }>
  /** Admits a peer, or trusts one that is a volunteer. */
  vouch(peer: string): Promise<void>
}
