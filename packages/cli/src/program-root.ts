// The commands about the root key.

import type { Command } from 'commander'
import type { PassphraseOptions } from './commands/root.ts'
import type { Act } from './program.ts'

const examples = '\nExamples:\n  mesh root export root-key.json\n  mesh root import root-key.json'

export function addRoot(program: Command, act: Act): void {
  const root = program
    .command('root')
    .description("the owner's key, which signs who may write and who is trusted")
    .helpCommand(false)
    .addHelpText('after', examples)
  withPassphrase(
    root
      .command('export')
      .description('write it to a file, sealed by a passphrase')
      .argument('<path>', 'a file that is not there yet')
      .addHelpText('after', '\nExample:\n  mesh root export root-key.json')
  ).action((path: string, options: PassphraseOptions, command: Command) =>
    act(command.optsWithGlobals(), async (session) =>
      (await import('./commands/root.ts')).exportRoot(session, path, options)
    )
  )
  withPassphrase(
    root
      .command('import')
      .description('let this peer, of the same mesh, sign with it too')
      .argument('<path>', 'what `mesh root export` wrote')
      .addHelpText('after', '\nExample:\n  mesh root import root-key.json')
  ).action((path: string, options: PassphraseOptions, command: Command) =>
    act(command.optsWithGlobals(), async (session) =>
      (await import('./commands/root.ts')).importRoot(session, path, options)
    )
  )
}

function withPassphrase(command: Command): Command {
  return command.option('--passphrase-file <path>', 'read the passphrase from its first line; - for stdin')
}
