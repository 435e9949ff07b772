// Every limit of the transport in one table, with its unit and its reason. Memory that a hostile peer can
// make us hold is the product of a few of these, so they stand side by side and none hides in the code.

/** Bytes of one frame on the sync stream, header included: one yamux frame, one write. */
export const frameBytesMax: number = 64 * 1024

/** Bytes of one ask or answer. A stream assembles one message at a time, so this is also its assembly bound. */
export const messageBytesMax: number = 2 * 1024 * 1024

/** Bytes of one gossip message: a full commit or claim is 64 KiB, the rest is room for its frame. */
export const gossipBytesMax: number = 128 * 1024

/** Asks under way to one peer; more wait. Enough to hide the round trip, few enough to bound what both sides hold. */
export const asksOpenMax = 16

/** Asks waiting for one of those places; beyond it `ask` rejects with MESH_BUSY. */
export const asksWaitingMax = 64

/** Asks of one stranger served at once (a member gets `asksOpenMax`). */
export const strangerAsksMax = 4

/** Bytes a second served to one stranger, and the burst it may take before that rate holds. */
export const strangerBytesPerSecond: number = 1024 * 1024
export const strangerBurstBytes: number = 1024 * 1024

/** Bytes charged to a stranger for an ask on top of its answer, so that tiny asks are not free. */
export const strangerAskCostBytes = 1024

/**
 * Gossip messages a second taken from one stranger, and the burst before that rate holds. A newcomer needs none, since what it says comes
 * by sync; some are let through because a member may be a stranger until its record has arrived.
 */
export const strangerGossipPerSecond = 10
export const strangerGossipBurst = 100

/** A stranger that is so far over that rate (ms until it may speak again) is not only passed over but counted against. */
export const strangerGossipPatienceMs = 30_000

/** Connections in all; a libp2p connection costs CPU with every gossip message, so the degree stays small. */
export const connectionsMax = 64

/** Connections to peers outside the mesh, on a node of their own: they never take a member's place. */
export const outsideConnectionsMax = 64

/** Connections that are being set up at once. */
export const connectionsPendingMax = 64

/** Who connects by WebSockets has so long (ms) for the first byte, and for its request. */
export const firstWordMs = 5_000

/** A peer that takes no byte of what we send for this long (ms) loses its stream. */
export const stallMs = 60_000

/** Opening the sync stream may take this long (ms). */
export const openMs = 10_000
