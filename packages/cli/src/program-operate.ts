// The commands of whoever runs a peer: who may ask it, how it is set up, how it is.

import { type Command, Option } from 'commander'
import type { TokenOptions } from './commands/token.ts'
import { parseDuration } from './parse/duration.ts'
import type { Act } from './program.ts'

export function addOperatorCommands(program: Command, act: Act): void {
  program.commandsGroup('Running a peer:')
  addToken(program, act)
}

function addToken(program: Command, act: Act): void {
  const token = program
    .command('token')
    .description('tokens with which others, or other machines, may ask this peer')
    .helpCommand(false)
    .addHelpText('after', '\nExamples:\n  mesh token new laptop --scope pin\n  mesh token ls')
  token
    .command('new')
    .description('make a token; it is shown this once')
    .argument('<name>', 'what it is called, such as the machine it is for')
    .addOption(
      new Option('--scope <scope>', 'what it is good for: looking, pinning too, or everything')
        .choices(['read', 'pin', 'admin'])
        .default('read')
    )
    .option('--expire-in <duration>', 'it ends after, such as 90d (default: when it is removed)', parseDuration)
    .addHelpText(
      'after',
      '\nExamples:\n  mesh token new monitoring\n  mesh token new laptop --scope pin --expire-in 90d -q > laptop.token'
    )
    .action((name: string, options: TokenOptions, command: Command) =>
      act(command.optsWithGlobals(), async (session) =>
        (await import('./commands/token.ts')).newToken(session, name, options)
      )
    )
  token
    .command('ls')
    .description('list the tokens, without their secrets')
    .addHelpText('after', '\nExample:\n  mesh token ls')
    .action((_options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) => (await import('./commands/token.ts')).listTokens(session))
    )
  token
    .command('rm')
    .description('end a token, at once')
    .argument('<name>', 'what it is called')
    .addHelpText('after', '\nExample:\n  mesh token rm laptop')
    .action((name: string, _options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) =>
        (await import('./commands/token.ts')).removeToken(session, name)
      )
    )
}
