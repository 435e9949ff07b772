// A network cable in front of a peer: a TCP relay on 127.0.0.1 whose address the peer announces instead of its own. Cut,
// it carries nothing any more and says so to nobody, as a broken network does; mended, what it held back goes on.

import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

export class Wire {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isCut = false

  private constructor(port: number, to: number) {
    this.port = port
    this.#server = createServer((near) => this.#join(near, connect(to, '127.0.0.1')))
  }

  /** Listens on `port` and leads to `to`. */
  static async lay(port: number, to: number): Promise<Wire> {
    const wire = new Wire(port, to)
    await new Promise<void>((resolve, reject) => {
      wire.#server.once('error', reject)
      wire.#server.listen(port, '127.0.0.1', resolve)
    })
    return wire
  }

  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.pause()
  }

  mend(): void {
    this.#isCut = false
    for (const socket of this.#sockets) socket.resume()
  }

  remove(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #join(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near]
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.end()
      })
      from.on('data', (bytes) => {
        if (to.write(bytes)) return
        from.pause()
        to.once('drain', () => this.#isCut || from.resume())
      })
      if (this.#isCut) from.pause()
    }
  }
}
