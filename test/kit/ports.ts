// Free ports that stay free: a peer that is started again listens where the others remember it. They lie below the range
// from which systems take ports for outgoing connections.

import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const low = 15_000
const high = 32_000
const triesMax = 100
const taken = new Set<number>()

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < triesMax; tries++) {
    const port = randomInt(low, high)
    if (taken.has(port) || !(await isFree(port))) continue
    taken.add(port)
    return port
  }
  throw new Error('No free port was found')
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
