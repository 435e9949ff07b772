// Servers on loopback that answer in a Kubo's place, each gone after its test.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'node:test'
import { Rpc } from '../../src/kubo/rpc.ts'

const open: { rpc: Rpc; server: Server }[] = []

afterEach(() => {
  for (const { rpc, server } of open.splice(0)) {
    rpc.close()
    server.closeAllConnections()
    server.close()
  }
})

/** A client of a server that answers so. */
export async function serve(listener: RequestListener, answerMs = 5000): Promise<{ rpc: Rpc; server: Server }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const rpc = new Rpc({ secure: false, host: '127.0.0.1', port: (server.address() as AddressInfo).port }, answerMs)
  open.push({ rpc, server })
  return { rpc, server }
}
