/**
 * The door for gossip. A message is a row of items (kind, length, bytes); what is sent within one step leaves as one message
 * a topic, up to 60 KiB, so a lone change leaves at once and many leave together. Nothing is believed that is not signed:
 * one forged item makes the whole message rejected; a gap never makes it ignored, since the seen-cache would hide it.
 */
import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { Topic, Verdict } from '../events.ts'
import type { Outbox } from '../loop/outbox.ts'

export const itemKinds = ['commit', 'claim', 'beat', 'record', 'key-op', 'fork', 'admission'] as const
export type ItemKind = (typeof itemKinds)[number]

/** Below the transport's 64 KiB with room for its framing. */
const messageBytesMax: number = 60 * 1024
const itemsMax = 1024
/** One item alone may be as large as a commit or claim. */
const itemBytesMax: number = 64 * 1024

export const topicOf: Record<ItemKind, Topic> = {
  commit: 'pins',
  claim: 'pins',
  beat: 'beats',
  record: 'facts',
  'key-op': 'facts',
  fork: 'facts',
  admission: 'facts'
}

/** new: worth passing on · old: known already · unknown: it cannot be judged here yet. */
export type ItemOutcome = 'new' | 'old' | 'unknown'

export class GossipDoor {
  readonly #outbox: Outbox
  readonly #waiting = new Map<Topic, { kind: ItemKind; bytes: Uint8Array }[]>()

  constructor(outbox: Outbox) {
    this.#outbox = outbox
  }

  send(kind: ItemKind, bytes: Uint8Array): void {
    const topic = topicOf[kind]
    const waiting = this.#waiting.get(topic)
    if (waiting === undefined) this.#waiting.set(topic, [{ kind, bytes }])
    else waiting.push({ kind, bytes })
  }

  /** Called at the end of every step. */
  flush(): void {
    for (const [topic, items] of this.#waiting) {
      let out = new Writer()
      let size = 0
      for (const { kind, bytes } of items) {
        if (size > 0 && size + bytes.length > messageBytesMax) {
          this.#outbox.emit({ kind: 'publish', topic, bytes: out.finish() })
          out = new Writer()
          size = 0
        }
        out.u8(itemKinds.indexOf(kind) + 1).blob(bytes)
        size += bytes.length + 4
      }
      this.#outbox.emit({ kind: 'publish', topic, bytes: out.finish() })
    }
    this.#waiting.clear()
  }

  /** Hands every item of a message to `take` and judges the whole. */
  receive(topic: Topic, bytes: Uint8Array, take: (kind: ItemKind, bytes: Uint8Array) => ItemOutcome): Verdict {
    try {
      const from = new Reader(bytes)
      let verdict: Verdict = 'ignore'
      for (let n = 0; from.left > 0; n++) {
        const kind = itemKinds[from.u8() - 1]
        if (kind === undefined || topicOf[kind] !== topic || n >= itemsMax)
          throw new FormatError('a gossip message with items that do not belong')
        if (take(kind, from.blob(itemBytesMax)) === 'new') verdict = 'accept'
      }
      return verdict
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      this.#outbox.note('gossip-refused', 'A gossip message was malformed or forged and has been refused.', {
        topic,
        reason: error.message
      })
      return 'reject'
    }
  }
}
