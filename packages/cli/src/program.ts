// The commands, their arguments and flags, and the help that teaches them by example. Nothing heavy is imported here:
// what a command does is loaded when it runs. A test holds docs/REFERENCE.md equal to this.

import { Command } from 'commander'
import type { OutputConfiguration } from 'commander'
import type { Exit } from './failure.ts'
import { addContentCommands } from './program-content.ts'
import { addMeshCommands } from './program-mesh.ts'
import { addOperatorCommands } from './program-operate.ts'
import { addPeerCommands } from './program-peer.ts'
import { addPinCommands } from './program-pins.ts'
import { addTrustCommands } from './program-trust.ts'
import type { Session } from './session.ts'
import { version } from './version.ts'

/**
 * What a command does. It is called with its arguments, all options that stand before and behind it (so `--api` behind `start`
 * too, which commander takes for that of every command), and with itself.
 */
export type Work = (session: Session, ...words: never[]) => Promise<Exit>

/** Makes the action of a command of its work, which is loaded when it runs. */
export type Act = (load: () => Promise<Work>) => (...words: unknown[]) => Promise<void>

const examples = `
Found a mesh here, and run its first peer:
  mesh init --open --name photos
  mesh start

On another machine, with the line that init printed:
  mesh join /ip4/192.0.2.7/tcp/4101/p2p/12D3KooW… --space 50GB

Then, on a peer that may write:
  mesh add holiday/ -r 3 --wait       add a folder; wait for three copies
  mesh pin bafy… -r 3 --name films    keep what is in IPFS already
  mesh status bafy…                   who holds it, who fetches it, who failed and why
  mesh get bafy… -o holiday           bring it back
  mesh unpin bafy…                    want it no longer

Let another peer in, or let it write (on the one that founded the mesh):
  mesh invite                         one word; the other joins with it
  mesh writers add 12D3KooW…

Every command takes --json, and \`mesh <command> --help\` shows more examples.
Exit codes: 0 done, 1 wrong usage or input, 2 refused, 3 done in part, 62 timed out, 130 interrupted.
`

/** The parts of the program, with the commands that each adds. */
const parts: readonly (readonly [names: readonly string[], add: (program: Command, act: Act) => void])[] = [
  [['init', 'start', 'join', 'leave'], addPeerCommands],
  [['add', 'get', 'du', 'gc'], addContentCommands],
  [['pin', 'unpin', 'retry', 'ls', 'status'], addPinCommands],
  [['id', 'watch', 'version'], addMeshCommands],
  [['doctor', 'config', 'token', 'completion', 'service'], addOperatorCommands],
  [['invite', 'peers', 'writers', 'policy', 'root', 'limbo'], addTrustCommands]
]

/**
 * With `words`, what a person typed, only the parts that they name are made, for all together take longer than most commands;
 * the whole program where they name none.
 */
export function createProgram(act: Act, output: OutputConfiguration = {}, words: readonly string[] = []): Command {
  const program = new Command('mesh')
    .description('Keeps IPFS content replicated over peers that need no leader.')
    .usage('<command> [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .option('--home <folder>', "the peer's folder (default: MESH_HOME, else ~/.pinmesh)")
    .option('--json', 'results as JSON, one object a line')
    .option('-q, --quiet', 'no talk, and results in their shortest form')
    .option('--api <url>', "ask the peer at this address instead of the home's (default: MESH_API_URL)")
    .option('--token-file <path>', 'a token of that peer, in a file of its own (default: what is in MESH_TOKEN)')
    .option('--token <text>', 'the token itself; others on this machine can see it while the command runs')
    .option('--insecure', 'let plain HTTP cross a network, where anybody can read token and content')
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false)
    .addHelpText('after', examples)
    .configureOutput(output)
    .exitOverride()
  const aboutAll = ['--help', '-h', 'completion'].some((word) => words.includes(word))
  const commands = words.filter((_, at) => !/^--(?:home|api|token|token-file)$/.test(words[at - 1] ?? ''))
  const named = aboutAll ? [] : parts.filter(([names]) => names.some((name) => commands.includes(name)))
  for (const [, add] of named.length === 0 ? parts : named) add(program, act)
  return program
}
