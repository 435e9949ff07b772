// Where the process and the command meet. It ends by itself once nothing is left to do; after Ctrl-C it waits only a moment
// for whoever reads its output, and a second one after that moment ends it whatever it does.

import { homedir } from 'node:os'
import { failureOf, Interrupted } from './failure.ts'
import { homeOf } from './home.ts'
import { Output } from './output.ts'
import { run } from './run.ts'
import type { World } from './world.ts'

/** One Ctrl-C can arrive twice, from the terminal and from a parent that passes it on. */
const impatienceMs = 1000

const stopping = new AbortController()
let stoppedAt = 0

function interrupted(): void {
  if (!stopping.signal.aborted) {
    stoppedAt = Date.now()
    stopping.abort(new Interrupted())
  } else if (Date.now() - stoppedAt > impatienceMs) process.exit(130)
}

/** A bug outside of any command's course. */
function broken(error: unknown): void {
  const { stdout, stderr, argv } = process
  const failure = failureOf(error, homeOf(world))
  new Output({ stdout, stderr, json: argv.includes('--json'), quiet: false }).fail(failure.error)
  process.exit(failure.exit)
}

const world: World = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  userFolder: homedir(),
  command: [process.execPath, process.argv[1] ?? ''],
  signal: stopping.signal,
  loadNode: async () => import('@pinmesh/node')
}

process.on('SIGINT', interrupted).on('SIGTERM', interrupted).on('SIGHUP', interrupted)
process.on('uncaughtException', broken).on('unhandledRejection', broken)
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 3) // nobody reads any more: `mesh ls | head`
  })
}
void run(process.argv.slice(2), world).then((exit) => {
  process.exitCode = exit
  if (exit === 130) setTimeout(() => process.exit(exit), impatienceMs).unref()
})
