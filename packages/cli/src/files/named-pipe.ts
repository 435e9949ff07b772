// What comes through a named pipe. A thread that waits in the opening or the reading of one keeps a process from ending,
// also after Ctrl-C; so it is read as a socket is, and its opening is released by opening the other end.

import { closeSync, constants, open, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { promisify } from 'node:util'

/** Waits for a writer; ends when the last one has closed it. Rejects with the signal's reason. */
export async function* pipeContent(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  signal.throwIfAborted()
  const release = (): void => {
    try {
      closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK))
    } catch {
      // nobody waits in its opening
    }
  }
  signal.addEventListener('abort', release)
  const fd = await promisify(open)(path, 'r').finally(() => signal.removeEventListener('abort', release))
  const pipe = new Socket({ fd, readable: true, writable: false, signal })
  try {
    yield* pipe as AsyncIterable<Uint8Array>
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    pipe.destroy()
  }
}
