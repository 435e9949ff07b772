// The commands that set a peer up and run it.

import { type Command, Option } from 'commander'
import { parseDuration } from './parse/duration.ts'
import { parseMeshId } from './parse/mesh-id.ts'
import { parseKubo } from './parse/multiaddr.ts'
import { parseMeshName } from './parse/name.ts'
import { parseSize } from './parse/size.ts'
import type { Act } from './program.ts'
import { type Setting, type SettingName, settingOf, settings } from './settings.ts'

const space = (): Option => optionOf(settingOf('space')!).argParser(parseSize)
const profile = (what: string): Option => new Option('--profile <name>', what).choices(['lan', 'wan', 'test'])

export function addPeerCommands(program: Command, act: Act): void {
  program.commandsGroup('A peer:')
  addInit(program, act)
  const start = program
    .command('start')
    .description('run the peer of this home, until Ctrl-C or SIGTERM')
    .addOption(optionOf(settingOf('listen')!, '--listen <maddr...>'))
    .option('--salvage', 'where the store is damaged and no other peer answers, go on with what can be read of it')
    .addHelpText(
      'after',
      '\nExamples:\n  mesh start\n  mesh start --listen /ip4/0.0.0.0/tcp/5101 --space 200GB\n  mesh start --home /srv/mesh --json'
    )
  addSettings(start, ['listen']).action(act(async () => (await import('./commands/start.ts')).start))
  addJoin(program, act)
  addLeave(program, act)
}

function addInit(program: Command, act: Act): void {
  program
    .command('init')
    .description('found a mesh: charter, root key and first peer')
    .option('--name <text>', 'what people call it (default: mesh)', parseMeshName)
    .option('--open', 'let anybody hold content; without, only peers that are invited')
    .addOption(space())
    .addOption(profile("how patient the mesh's timings are (default: wan)"))
    .addOption(optionOf(settingOf('kubo')!).argParser(parseKubo))
    .addHelpText('after', '\nExamples:\n  mesh init --open\n  mesh init --name photos --space 500GB --profile lan')
    .action(act(async () => (await import('./commands/init.ts')).init))
}

function addJoin(program: Command, act: Act): void {
  const join = program
    .command('join')
    .description('take part in a mesh: set this home up, and run')
    .argument('<address>', "multiaddr of any of the mesh's peers, as `mesh start` prints it there; or an invitation")
    .option('--invite <word>', 'an invitation, as `mesh invite` printed it')
    .option('--mesh <id>', 'refuse any other mesh than this', parseMeshId)
    .addHelpText(
      'after',
      '\nExamples:\n  mesh join /ip4/192.0.2.7/tcp/4101/p2p/12D3KooW…\n  mesh join /dns4/mesh.example.org/tcp/4101/p2p/12D3KooW… --mesh z71g… --space 50GB\n  mesh join zKq3…'
    )
  addSettings(join).action(act(async () => (await import('./commands/join.ts')).join))
}

function addLeave(program: Command, act: Act): void {
  program
    .command('leave')
    .description('hand the pins of this peer on to others, then go')
    .option('--force', 'go at once, whatever the others have promised')
    .option('--stay', 'take a leave back that is under way')
    .option('--timeout <duration>', 'watch no longer than, such as 3h; the leave goes on', parseDuration)
    .addHelpText('after', '\nExamples:\n  mesh leave\n  mesh leave --timeout 10m\n  mesh leave --stay')
    .action(act(async () => (await import('./commands/leave.ts')).leave))
}

/** The settings as flags; `given` those that this command declares itself. */
function addSettings(command: Command, given: readonly SettingName[] = []): Command {
  for (const setting of settings) if (!given.includes(setting.name)) command.addOption(optionOf(setting))
  return command
}

function optionOf(setting: Setting, flag: string = setting.flag): Option {
  const option = new Option(flag, `${setting.help} (default: ${setting.default})`)
  if (setting.choices !== undefined) option.choices(setting.choices)
  if (setting.many === true) option.argParser(collected)
  return option
}

function collected(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text]
}
