// One command from its words to its exit code. Whatever goes wrong on the way, from an unknown flag to a bug, ends in one
// place, as a sentence with its code.

import { MeshError } from '@pinmesh/node/mesh-error'
import { type Command, CommanderError } from 'commander'
import { failureOf } from './failure.ts'
import type { Exit } from './failure.ts'
import { homeOf } from './home.ts'
import { Output } from './output.ts'
import { usage } from './parse/refuse.ts'
import { createProgram } from './program.ts'
import type { Act } from './program.ts'
import { type GlobalOptions, Session } from './session.ts'
import type { World } from './world.ts'

/** `argv` is what stands behind `mesh`. Never rejects. */
export async function run(argv: readonly string[], world: World): Promise<Exit> {
  const words = settled(argv)
  let exit: Exit = 0
  const act: Act =
    (load) =>
    async (...args) => {
      const command = args.at(-1) as Command
      const options = command.optsWithGlobals<GlobalOptions>()
      const given = [...args.slice(0, -2), options, command] as never[]
      const work = await load()
      exit = await work(new Session(world, options), ...given)
    }
  const output = {
    writeOut: (text: string) => void world.stdout.write(text),
    writeErr: (text: string) => void world.stderr.write(text),
    outputError: () => {}, // told below, like every other error
    getOutHelpWidth: () => Math.min(world.stdout.columns ?? 100, 120),
    getErrHelpWidth: () => Math.min(world.stderr.columns ?? 100, 120)
  }
  try {
    await createProgram(act, output, words).parseAsync(words, { from: 'user' })
    return exit
  } catch (error) {
    const out = outputOf(words, world)
    if (error instanceof CommanderError && isHelp(error)) {
      if (error.exitCode !== 0 && out.json) out.fail(usage('No command was named.', 'See the help above.'))
      return error.exitCode === 0 ? 0 : 1
    }
    const failure = failureOf(error instanceof CommanderError ? usageOf(error) : error, folderOf(words, world))
    out.fail(failure.error)
    return failure.exit
  }
}

/** A lone --wait in front of a CID would take it for its number: it is given its meaning here. */
function settled(argv: readonly string[]): string[] {
  const end = argv.indexOf('--')
  return argv.map((word, at) => {
    const open = word === '--wait' && (end === -1 || at < end)
    return open && !/^\d+$/.test(argv[at + 1] ?? '') ? '--wait=want' : word
  })
}

function isHelp({ code }: CommanderError): boolean {
  return code === 'commander.help' || code === 'commander.helpDisplayed' || code === 'commander.version'
}

/** commander's words as a sentence. */
function usageOf({ message }: CommanderError): MeshError {
  const [first = '', guess] = message.replace(/^error: /, '').split('\n')
  const sentence = `${first.charAt(0).toUpperCase()}${first.slice(1).replace(/\.$/, '')}.`
  const meant = /Did you mean (?:one of )?(.*)\?/.exec(guess ?? '')?.[1]
  return new MeshError('MESH_USAGE', sentence, {
    exit: 1,
    remedy: meant === undefined ? 'See `mesh --help`, or --help behind a command.' : `Did you mean ${meant}?`
  })
}

function outputOf(words: readonly string[], { stdout, stderr }: World): Output {
  const end = words.indexOf('--')
  const options = end === -1 ? words : words.slice(0, end)
  return new Output({ stdout, stderr, json: options.includes('--json'), quiet: false })
}

function folderOf(words: readonly string[], world: World): string {
  const at = words.indexOf('--home')
  return homeOf(world, at === -1 ? undefined : words[at + 1])
}
