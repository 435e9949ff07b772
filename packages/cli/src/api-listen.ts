// Where the API of a peer listens unless told.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ApiListen } from '@pinmesh/api/client'

/** The longest path of a Unix socket that every system takes, in bytes. */
const socketPathBytesMax = 100

/** A socket in the home (on Windows a pipe); a free loopback port where its path is too long for one. */
export function apiListenDefault(home: string, platform: string = process.platform): ApiListen {
  if (platform === 'win32') {
    return { socketPath: `\\\\.\\pipe\\pinmesh-${createHash('sha256').update(home).digest('hex').slice(0, 16)}` }
  }
  const socketPath = join(home, 'api.sock')
  return Buffer.byteLength(socketPath) > socketPathBytesMax ? { host: '127.0.0.1', port: 0 } : { socketPath }
}
