// Gossip on libp2p: one gossipsub, three topics of one mesh. Delivery happens in the topic validator (after
// gossipsub's duplicate check, so once a message), never through the 'message' event.

import { gossipsub, TopicValidatorResult } from '@libp2p/gossipsub'
import type { GossipSub, GossipSubComponents } from '@libp2p/gossipsub'
import type { TopicScoreParams } from '@libp2p/gossipsub/score'
import type { Connection } from '@libp2p/interface'
import { gossipBytesMax } from './bounds.ts'
import { gossipSettings, topicScore } from './gossip-settings.ts'
import type { Topic, Verdict } from './index.ts'

const topics: readonly Topic[] = ['beats', 'facts', 'pins']

const results: Record<Verdict, TopicValidatorResult> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject
}

/** What `join` must change although gossipsub reads it from its options: the mesh is known only after it was built. */
interface Settable {
  allowedTopics: Set<string> | null
  score: { params: { topics: Record<string, TopicScoreParams> } }
}

/** The full topic name on the wire. */
export function topicName(meshId: Uint8Array, topic: Topic): string {
  return `/pinmesh/1/${Buffer.from(meshId).subarray(0, 8).toString('hex')}/${topic}`
}

export class Gossip {
  #service: GossipSub | undefined
  #components: GossipSubComponents | undefined
  #names: Partial<Record<Topic, string>> = {}
  readonly #open = new Set<string>()

  /** The libp2p service factory. */
  readonly service = (components: GossipSubComponents): GossipSub => {
    this.#components = components
    this.#service = gossipsub(gossipSettings((name) => this.#open.has(name)))(components)
    return this.#service
  }

  /** Subscribes the mesh's topics; `deliver` gets each distinct message and must not throw. */
  join(meshId: Uint8Array, deliver: (topic: Topic, bytes: Uint8Array, from: string) => Verdict): void {
    const service = this.#service
    if (service === undefined) return
    const settable = service as unknown as Settable
    for (const topic of topics) {
      const name = topicName(meshId, topic)
      this.#names[topic] = name
      this.#open.add(name)
      settable.score.params.topics[name] = topicScore
      service.topicValidators.set(name, (peer, message) => {
        // a copy: plain (libp2p's may be a Buffer) and the receiver's own
        return results[deliver(topic, new Uint8Array(message.data), peer.toString())]
      })
    }
    settable.allowedTopics = new Set(this.#open)
    for (const name of this.#open) service.subscribe(name)
  }

  publish(topic: Topic, bytes: Uint8Array): void {
    const name = this.#names[topic]
    if (this.#service === undefined || name === undefined || bytes.length > gossipBytesMax) return
    this.#service.publish(name, bytes).catch(() => {
      // nobody subscribed, or stopped: gossip is a hint
    })
  }

  /**
   * To be called when a connection closed while others to the same peer stay open (both sides had dialled at once).
   * gossipsub opens its stream to a peer on one connection and does not reopen it on another: without this the pair
   * would gossip no more until it lost its last connection.
   */
  reopen(connection: Connection): void {
    if (this.#service === undefined || this.#components === undefined) return
    for (const protocol of this.#service.protocols) {
      for (const topology of this.#components.registrar.getTopologies(protocol)) {
        void topology.onConnect?.(connection.remotePeer, connection)
      }
    }
  }
}
