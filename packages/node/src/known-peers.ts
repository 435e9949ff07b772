/**
 * The addresses of members, noted in the home beside the store: with them a peer whose store is lost finds the others.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Core, withPeer } from '@pinmesh/core'
import { replaceFile } from './replace-file.ts'

const noteEveryMs = 5000
const addressesMax = 32

function fileOf(home: string): string {
  return join(home, 'peers.json')
}

/** None where nothing was noted, or what was cannot be read. */
export async function knownPeers(home: string): Promise<string[]> {
  try {
    const found: unknown = JSON.parse(await readFile(fileOf(home), 'utf8'))
    return Array.isArray(found) ? found.filter((one) => typeof one === 'string').slice(0, addressesMax) : []
  } catch {
    return []
  }
}

/** Notes them from now on whenever they have changed; what it returns ends that. */
export function noteKnownPeers(home: string, core: Core): () => Promise<void> {
  let noted = ''
  let noting: Promise<void> = Promise.resolve()
  const note = async (): Promise<void> => {
    const others = core.members().filter(({ self, state }) => !self && state === 'alive')
    const addresses = others.flatMap(({ peer }) => core.addressesOf(peer).map((address) => withPeer(address, peer)))
    const text = `${JSON.stringify(addresses.slice(0, addressesMax), undefined, 2)}\n`
    if (addresses.length === 0 || text === noted) return
    try {
      await replaceFile(fileOf(home), text, 0o600)
      noted = text
    } catch {
      // A full disk; the next look tries again.
    }
  }
  const timer = setInterval(() => {
    noting = note()
  }, noteEveryMs)
  return async () => {
    clearInterval(timer)
    await noting
  }
}
