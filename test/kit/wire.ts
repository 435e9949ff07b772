// A network cable in front of a peer: a TCP relay on 127.0.0.1 whose address the peer announces instead of its own. Cut,
// it carries nothing any more and says so to nobody, as a broken network does; mended, what it held back goes on. It may
// also be long and thin: every byte comes later, and only so many a second.

import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** What is under way in one direction at most; beyond it the sender has to wait, as for a full buffer. */
const underWayBytesMax = 256 * 1024

export interface WireInit {
  /** How much later each byte arrives. Default: 0. */
  delayMs?: number
  /** In each direction of each connection. Default: no bound. */
  bytesPerSecond?: number
}

export class Wire {
  readonly port: number
  readonly #server: Server
  readonly #lanes = new Set<Lane>()
  #isCut = false

  private constructor(port: number, to: number, init: WireInit) {
    this.port = port
    this.#server = createServer((near) => {
      const far = connect(to, '127.0.0.1')
      this.#lay(new Lane(near, far, init))
      this.#lay(new Lane(far, near, init))
    })
  }

  /** Listens on `port` and leads to `to`. */
  static async lay(port: number, to: number, init: WireInit = {}): Promise<Wire> {
    const wire = new Wire(port, to, init)
    await new Promise<void>((resolve, reject) => {
      wire.#server.once('error', reject)
      wire.#server.listen(port, '127.0.0.1', resolve)
    })
    return wire
  }

  cut(): void {
    this.#isCut = true
    for (const lane of this.#lanes) lane.cut()
  }

  mend(): void {
    this.#isCut = false
    for (const lane of this.#lanes) lane.mend()
  }

  remove(): void {
    this.#server.close()
    for (const lane of this.#lanes) lane.from.destroy()
  }

  #lay(lane: Lane): void {
    this.#lanes.add(lane)
    lane.from.once('close', () => this.#lanes.delete(lane))
    if (this.#isCut) lane.cut()
  }
}

/** One direction of one connection. */
class Lane {
  readonly from: Socket
  readonly #to: Socket
  readonly #delayMs: number
  readonly #bytesPerMs: number
  #isCut = false
  readonly #queue: (Buffer | undefined)[] = []
  #underWay = 0
  /** When the last byte sent so far has left. */
  #freeAt = 0

  constructor(from: Socket, to: Socket, { delayMs = 0, bytesPerSecond = Infinity }: WireInit) {
    this.from = from
    this.#to = to
    this.#delayMs = delayMs
    this.#bytesPerMs = bytesPerSecond / 1000
    from.on('error', () => to.destroy())
    from.on('close', () => this.#send(undefined))
    from.on('data', (bytes) => this.#send(bytes))
    to.on('drain', () => this.#flow())
  }

  cut(): void {
    this.#isCut = true
    this.from.pause()
  }

  mend(): void {
    this.#isCut = false
    this.#flow()
  }

  /** undefined: the end. */
  #send(bytes: Buffer | undefined): void {
    const now = performance.now()
    const length = bytes?.length ?? 0
    this.#freeAt = Math.max(this.#freeAt, now) + length / this.#bytesPerMs
    this.#underWay += length
    this.#queue.push(bytes)
    const inMs = this.#freeAt + this.#delayMs - now
    if (inMs > 0) setTimeout(() => this.#arrive(), inMs)
    else this.#arrive()
    this.#flow()
  }

  /** Whichever timer it is: what was sent first arrives first. */
  #arrive(): void {
    const bytes = this.#queue.shift()
    if (bytes === undefined) {
      this.#to.end()
      return
    }
    this.#underWay -= bytes.length
    this.#to.write(bytes)
    this.#flow()
  }

  #flow(): void {
    if (this.#isCut || this.#to.writableNeedDrain || this.#underWay > underWayBytesMax) this.from.pause()
    else this.from.resume()
  }
}
