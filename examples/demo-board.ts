// The table of the demo: which peer is in which state and what it holds. On a terminal it stands below the story and is
// drawn anew in place; elsewhere a plain line appears whenever something has changed.

import type { PeerInfo, PinStatus } from '@pinmesh/node'
import type { PeerProcess } from '../test/kit/peer.ts'

export class Board {
  readonly #live = process.stdout.isTTY === true
  readonly #startedAt = performance.now()
  readonly #killed = new Set<string>()
  #names: readonly string[] = []
  #peers: readonly PeerProcess[] = []
  #cid: string | undefined
  #drawn: string[] = []
  #before = ''

  /** A sentence of the story, above the table. */
  say(text: string): void {
    const drawn = this.#drawn
    this.#clear()
    console.log(`${this.#clock()}  ${text}`)
    this.#draw(drawn)
  }

  show(names: readonly string[], peers: readonly PeerProcess[]): void {
    this.#names = names
    this.#peers = peers
  }

  /** The pin whose copies are shown. */
  follow(cid: string): void {
    this.#cid = cid
  }

  killed(peer: string): void {
    this.#killed.add(peer)
  }

  nameOf(peer: string): string {
    return this.#names[this.#peers.findIndex((one) => one.peer === peer)] ?? peer
  }

  /** Asks the founder how things are, shows it, and gives what it said of the pin. */
  async look(): Promise<PinStatus> {
    const { client } = this.#peers[0] as PeerProcess
    const [infos, status] = await Promise.all([client.peers(), client.pins.status(this.#cid as string)])
    const rows = this.#peers.map(({ peer }) => this.#row(peer, infos, status))
    const now = `${rows.join('\n')} ${status.have}`
    if (now === this.#before) return status
    this.#before = now
    if (this.#live) {
      this.#clear()
      this.#draw(['', `     peer     process is   copy           ${status.have} of ${status.want} copies`, ...rows])
    } else console.log(`${this.#clock()}  ${rows.map((row) => row.trim().replaceAll(/ +/g, ' ')).join(' | ')}`)
    return status
  }

  /** Leaves the table as it is. */
  end(): void {
    this.#drawn = []
  }

  #row(peer: string, infos: readonly PeerInfo[], { peers }: PinStatus): string {
    const info = infos.find((one) => one.peer === peer)
    const said = peers.find((one) => one.peer === peer)
    const copy = said === undefined || said.state === 'none' ? (said?.target === true ? 'wanted' : '-') : said.state
    const state = this.#killed.has(peer) ? `killed, ${info?.state ?? 'unknown'}` : (info?.state ?? 'unknown')
    const shown = info?.state === 'down' && copy === 'held' ? 'lost' : copy
    return `     ${this.nameOf(peer).padEnd(8)} ${state.padEnd(16)} ${shown}`
  }

  #draw(lines: string[]): void {
    if (!this.#live || lines.length === 0) return
    process.stdout.write(`${lines.map((line) => `\u001b[K${line}`).join('\n')}\n`)
    this.#drawn = lines
  }

  #clear(): void {
    if (this.#drawn.length > 0) process.stdout.write(`\u001b[${this.#drawn.length}A\u001b[J`)
    this.#drawn = []
  }

  #clock(): string {
    return seconds(performance.now() - this.#startedAt).padStart(7)
  }
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
