// The commands about the mesh and this peer in it.

import type { Command } from 'commander'
import type { Act } from './program.ts'

export function addMeshCommands(program: Command, act: Act): void {
  program.commandsGroup('The mesh:')
  addPeers(program, act)
  addWriters(program, act)
  program
    .command('id')
    .description('this peer, its mesh, and the line that brings another in')
    .addHelpText('after', '\nExamples:\n  mesh id\n  mesh id --json | jq -r .peer')
    .action((_options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) => (await import('./commands/id.ts')).id(session))
    )
  program
    .command('watch')
    .description('what happens at this peer, live, until Ctrl-C')
    .addHelpText('after', '\nExamples:\n  mesh watch\n  mesh watch --json | jq .code')
    .action((_options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) => (await import('./commands/watch.ts')).watch(session))
    )
  program
    .command('version')
    .description('the version of this command, and of its Node')
    .addHelpText('after', '\nExample:\n  mesh version')
    .action((_options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) => (await import('./commands/version.ts')).showVersion(session))
    )
}

function addPeers(program: Command, act: Act): void {
  const peers = program
    .command('peers')
    .description("the mesh's peers and how they are")
    .helpCommand(false)
    .addHelpText('after', '\nExamples:\n  mesh peers\n  mesh peers vouch 12D3KooW…')
    .action((_options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) => (await import('./commands/peers.ts')).peers(session))
    )
  peers
    .command('vouch')
    .description('admit a peer, or trust it: run it where the root key is')
    .argument('<peer>', 'its id, as `mesh id` prints it there')
    .addHelpText('after', '\nExample:\n  mesh peers vouch 12D3KooW…')
    .action((peer: string, _options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) => (await import('./commands/peers.ts')).vouch(session, peer))
    )
}

function addWriters(program: Command, act: Act): void {
  const writers = program
    .command('writers')
    .description('who may change the pinset')
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  mesh writers add 12D3KooW…')
  writers
    .command('add')
    .description('let a peer change the pinset: run it where the root key is')
    .argument('<peer>', 'its id, as `mesh id` prints it there')
    .addHelpText('after', '\nExample:\n  mesh writers add 12D3KooW…')
    .action((peer: string, _options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) =>
        (await import('./commands/writers.ts')).addWriter(session, peer)
      )
    )
}
