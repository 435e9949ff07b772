// The end-to-end tests once more with gossip off: everything that peers tell one another then has to travel by sync. A new
// file is in by itself. What stands below would only prove the same again.

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Files of test/e2e that are left out, and why. */
const leftOut: Readonly<Record<string, string>> = {
  'core.test.ts': 'without-gossip.test.ts is the same suite with gossip off, and among all other tests',
  'without-gossip.test.ts': 'see core.test.ts',
  'over-tcp.test.ts': 'the same suite again: what it is about is the carrier',
  'over-websockets.test.ts': 'see over-tcp.test.ts',
  'strangers.test.ts': 'it sets gossip itself',
  'mdns.test.ts': 'finding addresses is no matter of gossip',
  'remote.test.ts': 'one peer and its API',
  'routing.test.ts': 'content from outside the mesh'
}

const folder = join(import.meta.dirname, 'e2e')
const files = readdirSync(folder).filter((name) => name.endsWith('.test.ts'))
for (const name of Object.keys(leftOut)) if (!files.includes(name)) throw new Error(`There is no ${name} to leave out.`)

const how = ['--conditions=@pinmesh/source', '--test', '--test-concurrency=2', '--test-timeout=600000']
const which = files.filter((name) => leftOut[name] === undefined).map((name) => join(folder, name))
const env = { ...process.env, MESH_GOSSIP: 'off' }
process.exitCode = spawnSync(process.execPath, [...how, ...which], { stdio: 'inherit', env }).status ?? 1
