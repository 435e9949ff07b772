// The commands about the mesh and this peer in it.

import type { Command } from 'commander'
import type { Act } from './program.ts'

export function addMeshCommands(program: Command, act: Act): void {
  program.commandsGroup('The mesh:')
  program
    .command('id')
    .description('this peer, its mesh, and the line that brings another in')
    .addHelpText('after', '\nExamples:\n  mesh id\n  mesh id --json | jq -r .peer')
    .action(act(async () => (await import('./commands/id.ts')).id))
  program
    .command('watch')
    .description('what happens at this peer, live, until Ctrl-C')
    .addHelpText('after', '\nExamples:\n  mesh watch\n  mesh watch --json | jq .code')
    .action(act(async () => (await import('./commands/watch.ts')).watch))
  program
    .command('version')
    .description('the version of this command, and of its Node')
    .addHelpText('after', '\nExample:\n  mesh version')
    .action(act(async () => (await import('./commands/version.ts')).showVersion))
}
