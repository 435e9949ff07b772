// The commands of whoever runs a peer: who may ask it, how it is set up, how it is.

import { type Command, Option } from 'commander'
import type { TokenOptions } from './commands/token.ts'
import { parseDuration } from './parse/duration.ts'
import type { Act } from './program.ts'

export function addOperatorCommands(program: Command, act: Act): void {
  program.commandsGroup('Running a peer:')
  addConfig(program, act)
  addToken(program, act)
}

function addConfig(program: Command, act: Act): void {
  const config = program
    .command('config')
    .description("this peer's settings")
    .helpCommand(false)
    .addHelpText('after', '\nExamples:\n  mesh config list\n  mesh config set space 200GB')
  config
    .command('list')
    .description('every setting: its value and where that comes from, unit, default and reason')
    .addHelpText('after', '\nExample:\n  mesh config list')
    .action((_options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) => (await import('./commands/config.ts')).listConfig(session))
    )
  config
    .command('get')
    .description('one setting')
    .argument('<name>', 'as `mesh config list` calls it')
    .addHelpText('after', '\nExample:\n  mesh config get space')
    .action((name: string, _options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) => (await import('./commands/config.ts')).getConfig(session, name))
    )
  config
    .command('set')
    .description('keep a value in the home; flags and environment go before it')
    .argument('<name>', 'as `mesh config list` calls it')
    .argument('<value...>', 'one, or several where there may be')
    .addHelpText(
      'after',
      '\nExamples:\n  mesh config set space 200GB\n  mesh config set listen /ip4/0.0.0.0/tcp/5101 /ip4/0.0.0.0/tcp/5102/ws'
    )
    .action((name: string, values: string[], _options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) =>
        (await import('./commands/config.ts')).setConfig(session, name, values)
      )
    )
  config
    .command('unset')
    .description('back to the default')
    .argument('<name>', 'as `mesh config list` calls it')
    .addHelpText('after', '\nExample:\n  mesh config unset zone')
    .action((name: string, _options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) =>
        (await import('./commands/config.ts')).unsetConfig(session, name)
      )
    )
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
