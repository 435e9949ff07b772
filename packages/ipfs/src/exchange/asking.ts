// One want, asked several times. Bitswap listens for a want only while it is asked, and a Helia sends a block once in
// some seconds however often it is asked: what came between two askings would be lost and not come again. So one
// asking beside them listens from the first to the last.

import { settledOrAborted } from '../aborting.ts'

export interface AskingInit {
  /** Asks and listens for the answer until the signal; what is no answer is undefined. */
  retrieve(signal: AbortSignal): Promise<Uint8Array | undefined>
  asksMax: number
  /** Ms after which an asking is given up. */
  limitMs: number
  /** Ms after which an equal want may be asked. */
  forgetMs: number
  stop: AbortSignal
}

/** undefined: nobody answered. */
export async function askRepeatedly(init: AskingInit): Promise<Uint8Array | undefined> {
  const over = new AbortController()
  const answers = listening(init, over.signal)
  try {
    return await Promise.race([answers, asking(init, over.signal)])
  } finally {
    over.abort()
  }
}

/** Settles with an answer only: what fails is left to the askings. */
async function listening({ retrieve }: AskingInit, over: AbortSignal): Promise<Uint8Array> {
  const bytes = await retrieve(over).catch(() => undefined)
  return bytes ?? new Promise<never>(() => {})
}

async function asking(init: AskingInit, over: AbortSignal): Promise<Uint8Array | undefined> {
  for (let asks = 1; asks <= init.asksMax && !init.stop.aborted && !over.aborted; asks++) {
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), init.limitMs)
    try {
      const signal = AbortSignal.any([limit.signal, init.stop, over])
      const bytes = await settledOrAborted(init.retrieve(signal), signal)
      if (bytes !== undefined) return bytes
    } catch {
      // Given up: asked again, or ended.
    } finally {
      clearTimeout(timer)
    }
    await after(init.forgetMs)
  }
  return undefined
}

export async function after(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
