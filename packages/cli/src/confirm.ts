// A question to the person at the terminal; anything but yes is no.

import type { World } from './world.ts'

export async function confirm(world: World, question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises')
  const asking = createInterface({ input: world.stdin, output: world.stderr, terminal: true })
  try {
    return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `, { signal: world.signal })).trim())
  } catch (error) {
    if (world.signal.aborted) throw world.signal.reason
    throw error
  } finally {
    asking.close()
  }
}
