// The commands of whoever runs a peer: who may ask it, how it is set up, how it is.

import { Argument, type Command, Option } from 'commander'
import { parseDuration } from './parse/duration.ts'
import { parseUnitName } from './parse/unit-name.ts'
import type { Act } from './program.ts'
import { settings } from './settings.ts'

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
    .action(act(async () => (await import('./commands/doctor.ts')).doctor))
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
    .action(act(async () => (await import('./commands/config.ts')).listConfig))
  config
    .command('get')
    .description('one setting')
    .addArgument(settingName())
    .addHelpText('after', '\nExample:\n  mesh config get space')
    .action(act(async () => (await import('./commands/config.ts')).getConfig))
  config
    .command('set')
    .description('keep a value in the home; flags and environment go before it')
    .addArgument(settingName())
    .argument('<value...>', 'one, or several where there may be')
    .addHelpText(
      'after',
      '\nExamples:\n  mesh config set space 200GB\n  mesh config set listen /ip4/0.0.0.0/tcp/5101 /ip4/0.0.0.0/tcp/5102/ws'
    )
    .action(act(async () => (await import('./commands/config.ts')).setConfig))
  config
    .command('unset')
    .description('back to the default')
    .addArgument(settingName())
    .addHelpText('after', '\nExample:\n  mesh config unset zone')
    .action(act(async () => (await import('./commands/config.ts')).unsetConfig))
}

/** Names are offered by completion; a wrong one is refused by the command, in words of its own. */
function settingName(): Argument {
  const name = new Argument('<name>', 'as `mesh config list` calls it')
  name.argChoices = settings.map((setting) => setting.name)
  return name
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
    .action(act(async () => (await import('./commands/token.ts')).newToken))
  token
    .command('ls')
    .description('list the tokens, without their secrets')
    .addHelpText('after', '\nExample:\n  mesh token ls')
    .action(act(async () => (await import('./commands/token.ts')).listTokens))
  token
    .command('rm')
    .description('end a token, at once')
    .argument('<name>', 'what it is called')
    .addHelpText('after', '\nExample:\n  mesh token rm laptop')
    .action(act(async () => (await import('./commands/token.ts')).removeToken))
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
    .action(act(async () => (await import('./commands/completion.ts')).completion))
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
    .action(act(async () => (await import('./commands/service.ts')).installService))
  one('uninstall', 'stop it and remove the unit; the home stays as it is')
    .addHelpText('after', '\nExample:\n  mesh service uninstall')
    .action(act(async () => (await import('./commands/service.ts')).uninstallService))
  one('status', 'whether it runs')
    .addHelpText('after', '\nExample:\n  mesh service status')
    .action(act(async () => (await import('./commands/service.ts')).serviceStatus))
}
