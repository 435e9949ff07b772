// The commands about invitations.

import type { Command } from 'commander'
import { parseCount } from './parse/count.ts'
import { parseDuration } from './parse/duration.ts'
import type { Act } from './program.ts'
import { ofRoot } from './root-flag.ts'

const examples = '\nExamples:\n  mesh invite\n  mesh invite --uses 5 --until 30d\n  mesh invite --writer'

export function addInvites(program: Command, act: Act): void {
  const invite = program
    .command('invite')
    .description('make an invitation: one word that lets another peer join')
    .option('--writer', 'whoever uses it may change the pinset too')
    .option('--uses <n>', 'how many peers may use it (default: 1)', parseCount)
    .option('--until <duration>', 'how long from now, such as 12h (default: 7d)', parseDuration)
    .helpCommand(false)
    .addHelpText('after', examples)
    .action(act(async () => (await import('./commands/invite.ts')).invite))
  invite
    .command('ls')
    .description('the invitations made here, and those of which a use was heard')
    .addHelpText('after', '\nExample:\n  mesh invite ls')
    .action(act(async () => (await import('./commands/invite.ts')).listInvites))
  ofRoot(
    invite
      .command('end')
      .description('let nobody use an invitation any more: run it where the root key is')
      .argument('<invitation>', 'its id, as `mesh invite ls` prints it, or the invitation itself')
      .addHelpText('after', '\nExample:\n  mesh invite end 5f0c2a9b1d3e')
  ).action(act(async () => (await import('./commands/invite.ts')).endInvite))
}
