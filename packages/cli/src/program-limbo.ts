// The commands about pins that lost their standing with their writer.

import type { Command } from 'commander'
import type { Act } from './program.ts'
import { ofRoot } from './root-flag.ts'

export function addLimbo(program: Command, act: Act): void {
  const limbo = program
    .command('limbo')
    .description('pins of writers that were removed: kept for a while, not repaired')
    .helpCommand(false)
    .addHelpText('after', '\nExamples:\n  mesh limbo ls\n  mesh limbo adopt\n  mesh limbo drop 12D3KooW…')
  limbo
    .command('ls')
    .description('which they are, and whose they were')
    .addHelpText('after', '\nExample:\n  mesh limbo ls')
    .action(act(async () => (await import('./commands/limbo.ts')).listLimbo))
  limbo
    .command('adopt')
    .description('pin them again, as this peer, which has to be a writer')
    .argument('[cid...]', 'these; all if none is named')
    .addHelpText('after', '\nExamples:\n  mesh limbo adopt\n  mesh limbo adopt bafy…')
    .action(act(async () => (await import('./commands/limbo.ts')).adoptLimbo))
  ofRoot(
    limbo
      .command('drop')
      .description('keep nothing of them any more: run it where the root key is')
      .argument('[peer]', 'the writer that they were of; all if none is named')
      .option('-y, --yes', 'without asking')
      .addHelpText('after', '\nExample:\n  mesh limbo drop 12D3KooW…')
  ).action(act(async () => (await import('./commands/limbo.ts')).dropLimbo))
}
