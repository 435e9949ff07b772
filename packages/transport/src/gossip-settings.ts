// gossipsub's settings for a closed mesh, each with its reason. Messages are already signed inside (StrictNoSign saves
// 60 % of a small message's cost), gossip is only a hint that sync repairs, and every inbound size is bounded.

import { createHash } from 'node:crypto'
import { StrictNoSign } from '@libp2p/gossipsub'
import type { GossipsubOpts, Message } from '@libp2p/gossipsub'
import { createTopicScoreParams } from '@libp2p/gossipsub/score'
import type { TopicScoreParams } from '@libp2p/gossipsub/score'
import { gossipBytesMax } from './bounds.ts'

/** One RPC: a message of ours plus control. Larger ones end the sender's stream. */
const inboundBytesMax = 2 * gossipBytesMax

/** Subscriptions remembered of one peer, at about 1 KiB each: enough for the topics of five meshes. */
const topicBytesPerPeer = 16 * 1024

/** Synchronous; covers the topic, else a valid message replayed on the wrong topic first would hide it on its own. */
function messageId(message: Message): Uint8Array {
  return createHash('sha256').update(message.topic).update('\0').update(message.data).digest().subarray(0, 20)
}

/** Options for a node. `isOpen` tells whether a topic is ours; data of others is dropped before it is hashed or cached. */
export function gossipSettings(isOpen: (topic: string) => boolean): Partial<GossipsubOpts> {
  return {
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: messageId,
    msgIdToStrFn: (id) => Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1'),
    dataTransform: {
      inboundTransform: (topic, data) => {
        if (!isOpen(topic) || data.length > gossipBytesMax) throw new Error('not a message of this mesh')
        return data
      },
      outboundTransform: (_topic, data) => data
    },
    D: 6,
    Dlo: 4,
    Dhi: 12,
    // No lazy IHAVE/IWANT: an answer to IWANT is one RPC with everything asked for, so a peer that missed a few
    // 64 KiB messages would get one above the inbound bound and lose the stream. Roots in the beats find what is missing.
    Dlazy: 0,
    gossipFactor: 0,
    floodPublish: false,
    fallbackToFloodsub: false,
    doPX: false,
    batchPublish: true,
    // With no subscriber, fail quietly: "allowed", the message would count as sent and could never be sent again.
    allowPublishToZeroTopicPeers: false,
    ignoreDuplicatePublishError: true,
    runOnLimitedConnection: true,
    maxInboundDataLength: inboundBytesMax,
    maxTopicBytesPerPeer: topicBytesPerPeer,
    decodeRpcLimits: {
      maxSubscriptions: 256,
      maxMessages: 32,
      maxIhaveMessageIDs: 512,
      maxIwantMessageIDs: 8,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 256,
      maxPeerInfos: 16
    },
    scoreParams: {
      topicScoreCap: 10,
      // P6 off: labs, containers and homes put many honest peers behind one address.
      IPColocationFactorWeight: 0,
      // A peer that restarts grafts into a mesh that still backs off from it: a few such slips are free.
      behaviourPenaltyThreshold: 6,
      behaviourPenaltyDecay: 0.9,
      retainScore: 10 * 60 * 1000
    },
    scoreThresholds: { opportunisticGraftThreshold: 1 }
  }
}

/** P3 (too few deliveries) off: a quiet mesh is healthy. P4: nine forged messages within a minute or two silence a neighbour. */
export const topicScore: TopicScoreParams = createTopicScoreParams({
  topicWeight: 1,
  timeInMeshWeight: 0.01,
  timeInMeshQuantum: 1000,
  timeInMeshCap: 300,
  firstMessageDeliveriesWeight: 0.1,
  firstMessageDeliveriesDecay: 0.99,
  firstMessageDeliveriesCap: 50,
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
  invalidMessageDeliveriesWeight: -1,
  invalidMessageDeliveriesDecay: 0.99
})
