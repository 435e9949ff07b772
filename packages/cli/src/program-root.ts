// The commands about the root key.

import type { Command } from 'commander'
import { parsePath } from './parse/path.ts'
import type { Act } from './program.ts'
import { ofRoot } from './root-flag.ts'

const examples = '\nExamples:\n  mesh root export root-key.json\n  mesh root import root-key.json'

export function addRoot(program: Command, act: Act): void {
  const root = program
    .command('root')
    .description("the owner's key, which signs who may write and who is trusted")
    .helpCommand(false)
    .addHelpText('after', examples)
  addRotate(root, act)
  withPassphrase(
    root
      .command('export')
      .description('write it to a file, sealed by a passphrase')
      .argument('<path>', 'a file that is not there yet', parsePath)
      .addHelpText('after', '\nExample:\n  mesh root export root-key.json')
  ).action(act(async () => (await import('./commands/root.ts')).exportRoot))
  withPassphrase(
    root
      .command('import')
      .description('let this peer, of the same mesh, sign with it too')
      .argument('<path>', 'what `mesh root export` wrote', parsePath)
      .addHelpText('after', '\nExample:\n  mesh root import root-key.json')
  ).action(act(async () => (await import('./commands/root.ts')).importRoot))
}

function addRotate(root: Command, act: Act): void {
  ofRoot(
    root
      .command('rotate')
      .description('put a new one in its place: the old one signs nothing any more')
      .option('-y, --yes', 'without asking')
      .addHelpText('after', '\nExample:\n  mesh root rotate')
  ).action(act(async () => (await import('./commands/root.ts')).rotateRoot))
}

function withPassphrase(command: Command): Command {
  return command.option('--passphrase-file <path>', 'read the passphrase from its first line; - for stdin')
}
