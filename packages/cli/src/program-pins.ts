// The commands about pins.

import { type Command, Option } from 'commander'
import type { PinOptions } from './commands/pin.ts'
import type { UnpinOptions } from './commands/unpin.ts'
import { parseCount } from './parse/count.ts'
import { parseDuration } from './parse/duration.ts'
import { addMeta } from './parse/meta.ts'
import { parsePinName } from './parse/name.ts'
import type { Act } from './program.ts'

export function addPinCommands(program: Command, act: Act): void {
  addPins(program, act)
  addLists(program, act)
}

function addPins(program: Command, act: Act): void {
  const pin = program
    .command('pin')
    .description('keep content that is in IPFS or in the mesh already')
    .argument('<cid...>', 'CIDs, /ipfs/<cid>, or - for one a line from stdin')
    .addHelpText(
      'after',
      '\nExamples:\n  mesh pin bafy… -r 3 --name films\n  mesh pin bafy… bafk… --expire-in 30d --meta team=web\n  mesh pin - -r 2 --wait --timeout 5m < cids.txt'
    )
  addWish(pin).action((cids: string[], options: PinOptions, command: Command) =>
    act(command.optsWithGlobals(), async (session) => (await import('./commands/pin.ts')).pin(session, cids, options))
  )
  program
    .command('unpin')
    .description('want content no longer')
    .argument('<cid...>', 'CIDs, /ipfs/<cid>, or - for one a line from stdin')
    .option('-y, --yes', "end another writer's pin without asking")
    .addHelpText('after', '\nExamples:\n  mesh unpin bafy…\n  mesh ls -q | mesh unpin - --yes')
    .action((cids: string[], options: UnpinOptions, command: Command) =>
      act(command.optsWithGlobals(), async (session) =>
        (await import('./commands/unpin.ts')).unpin(session, cids, options)
      )
    )
}

function addLists(program: Command, act: Act): void {
  program
    .command('ls')
    .description('list every pin')
    .addHelpText('after', '\nExamples:\n  mesh ls\n  mesh ls --json | jq -r .name')
    .action((_options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) => (await import('./commands/ls.ts')).ls(session))
    )
  program
    .command('status')
    .description('who holds it, who fetches, who failed and why; or every pin')
    .argument('[cid]', 'a CID, or /ipfs/<cid>')
    .addHelpText('after', '\nExamples:\n  mesh status bafy…\n  mesh status --json')
    .action((cid: string | undefined, _options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) => (await import('./commands/status.ts')).status(session, cid))
    )
}

/** The flags by which `add` and `pin` say what is wanted. */
export function addWish(command: Command): Command {
  return command
    .option('-r, --replicas <n>', "copies wanted (default: the mesh's own)", parseCount)
    .option('--min <n>', 'copies below which repair is urgent (default: one less than wanted)', parseCount)
    .option('--name <text>', 'what people call it', parsePinName)
    .option('--meta <key=value>', 'a note to it; may be repeated', addMeta)
    .option('--expire-in <duration>', 'let it lapse after, such as 30d', parseDuration)
    .addOption(
      new Option('--wait [n]', 'stay until that many peers hold it (default: all wanted)').argParser(parseWait)
    )
    .option('--timeout <duration>', 'wait no longer than, such as 60s', parseDuration)
    .option('--anyway', 'even if fewer peers are there than the minimum')
}

function parseWait(text: string): number | 'want' {
  return text === 'want' ? text : parseCount(text)
}
