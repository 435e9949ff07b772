// The commands of whoever runs a peer: who may ask it, how it is set up, how it is.

import { Argument, type Command, Option } from 'commander'
import type { ServiceOptions } from './commands/service.ts'
import type { TokenOptions } from './commands/token.ts'
import { parseDuration } from './parse/duration.ts'
import { parseUnitName } from './parse/unit-name.ts'
import type { Act } from './program.ts'

export function addOperatorCommands(program: Command, act: Act): void {
  program.commandsGroup('Running a peer:')
  addConfig(program, act)
  addToken(program, act)
  addCompletion(program, act)
  addService(program, act)
  program
    .command('doctor')
    .description('look at disk, clock, ports, reachability, store, back end and settings of this peer')
    .addHelpText('after', '\nExamples:\n  mesh doctor\n  mesh doctor -q || mail -s "mesh is ill" me')
    .action((_options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) => (await import('./commands/doctor.ts')).doctor(session))
    )
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

function addCompletion(program: Command, act: Act): void {
  program
    .command('completion')
    .description("a script that completes this command's words in a shell")
    .addArgument(new Argument('<shell>', 'which one').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(mesh completion bash)\n  mesh completion fish > ~/.config/fish/completions/mesh.fish'
    )
    .action((shell: 'bash' | 'zsh' | 'fish', _options: object, command: Command) =>
      act(command.optsWithGlobals(), async (session) =>
        (await import('./commands/completion.ts')).completion(session, shell, command)
      )
    )
}

function addService(program: Command, act: Act): void {
  const service = program
    .command('service')
    .description('have systemd run this peer')
    .helpCommand(false)
    .addHelpText('after', '\nExamples:\n  mesh service install\n  mesh service status')
  const one = (name: string, about: string): Command =>
    service
      .command(name)
      .description(about)
      .option('--system', 'of the machine, not of your user; needs root')
      .addOption(new Option('--name <unit>', 'what the unit is called').default('pinmesh').argParser(parseUnitName))
  one('install', 'write a unit, enable it and start it; settings come from `mesh config`')
    .option('--dry-run', 'print the unit and do nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  mesh service install\n  sudo mesh service install --system --home /srv/mesh\n  mesh service install --dry-run'
    )
    .action((options: ServiceOptions, command: Command) =>
      act(command.optsWithGlobals(), async (session) =>
        (await import('./commands/service.ts')).installService(session, options)
      )
    )
  one('uninstall', 'stop it and remove the unit; the home stays as it is')
    .addHelpText('after', '\nExample:\n  mesh service uninstall')
    .action((options: ServiceOptions, command: Command) =>
      act(command.optsWithGlobals(), async (session) =>
        (await import('./commands/service.ts')).uninstallService(session, options)
      )
    )
  one('status', 'whether it runs')
    .addHelpText('after', '\nExample:\n  mesh service status')
    .action((options: ServiceOptions, command: Command) =>
      act(command.optsWithGlobals(), async (session) =>
        (await import('./commands/service.ts')).serviceStatus(session, options)
      )
    )
}
