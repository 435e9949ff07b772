// What the API takes from the peer: the types of its programming interface, and its error. The error comes by its own
// entry, not by the package's door, so that a client of the API starts without loading libp2p and an IPFS node.

export { MeshError } from '@pinmesh/node/mesh-error'
export type { ExitCode } from '@pinmesh/node/mesh-error'
export type * from '@pinmesh/node'
