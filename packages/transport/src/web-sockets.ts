// WebSockets whose listener keeps no crowd waiting. libp2p's waits without end for the first byte of whoever connects, and
// counts a connection only once it has spoken: a thousand silent ones would hold a thousand sockets for ever.

import type { Server } from 'node:net'
import { webSockets } from '@libp2p/websockets'
import { firstWordMs } from './bounds.ts'

/** `socketsMax`: on each address that is listened on, spoken or not. */
export function boundedWebSockets({ socketsMax }: { socketsMax: number }): ReturnType<typeof webSockets> {
  const http = { headersTimeout: firstWordMs, requestTimeout: firstWordMs, connectionsCheckingInterval: firstWordMs }
  const make = webSockets({ http })
  return (components) => {
    const transport = make(components)
    const createListener = transport.createListener.bind(transport)
    transport.createListener = (options) => {
      const listener = createListener(options)
      bound((listener as unknown as { server: Server }).server, socketsMax)
      return listener
    }
    return transport
  }
}

function bound(server: Server, socketsMax: number): void {
  server.maxConnections = socketsMax
  server.on('connection', (socket) => {
    const timer = setTimeout(() => {
      if (socket.bytesRead === 0) socket.destroy()
    }, firstWordMs)
    socket.once('close', () => clearTimeout(timer))
  })
}
