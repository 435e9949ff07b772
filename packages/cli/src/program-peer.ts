// The commands that set a peer up and run it.

import { type Command, Option } from 'commander'
import type { InitOptions } from './commands/init.ts'
import type { JoinOptions } from './commands/join.ts'
import { parseApiAddress } from './parse/api-address.ts'
import { parseMeshId } from './parse/mesh-id.ts'
import { parseBootstrap, parseListen } from './parse/multiaddr.ts'
import { parseMeshName } from './parse/name.ts'
import { parseSize } from './parse/size.ts'
import type { Act } from './program.ts'
import type { PeerOptions } from './serve.ts'

const space = (otherwise = '10 GB, or half of the free disk if less'): Option =>
  new Option('--space <size>', `how much this peer may hold, such as 50GB (default: ${otherwise})`).argParser(parseSize)
const profile = (what: string): Option => new Option('--profile <name>', what).choices(['lan', 'wan', 'test'])
const listed = (text: string, before: string[] | undefined): string[] => [...(before ?? []), parseListen(text)]
const announced = (text: string, before: string[] | undefined): string[] => [...(before ?? []), parseBootstrap(text)]

export function addPeerCommands(program: Command, act: Act): void {
  program.commandsGroup('A peer:')
  addInit(program, act)
  const start = program
    .command('start')
    .description('run the peer of this home, until Ctrl-C or SIGTERM')
    .option(
      '--listen <maddr...>',
      'where to listen for peers (default: TCP 4101 and WebSockets 4102 everywhere)',
      listed
    )
    .addOption(space('what the home was set up with'))
    .addHelpText(
      'after',
      '\nExamples:\n  mesh start\n  mesh start --listen /ip4/0.0.0.0/tcp/5101 --space 200GB\n  mesh start --home /srv/mesh --json'
    )
  addPeerOptions(start).action((options: PeerOptions, command: Command) =>
    act(command.optsWithGlobals(), async (session) =>
      (await import('./commands/start.ts')).start(session, withApi(options, command))
    )
  )
  addJoin(program, act)
}

function addInit(program: Command, act: Act): void {
  program
    .command('init')
    .description('found a mesh: charter, root key and first peer')
    .option('--name <text>', 'what people call it (default: mesh)', parseMeshName)
    .option('--open', 'let anybody hold content; without, only peers that are vouched for')
    .addOption(space())
    .addOption(profile("how patient the mesh's timings are (default: wan)"))
    .addHelpText('after', '\nExamples:\n  mesh init --open\n  mesh init --name photos --space 500GB --profile lan')
    .action((options: InitOptions, command: Command) =>
      act(command.optsWithGlobals(), async (session) => {
        session.hereOnly('init')
        return (await import('./commands/init.ts')).init(session, options)
      })
    )
}

function addJoin(program: Command, act: Act): void {
  const join = program
    .command('join')
    .description('take part in a mesh: set this home up, and run')
    .argument('<address>', "multiaddr of any of the mesh's peers, as `mesh start` prints it there")
    .option('--mesh <id>', 'refuse any other mesh than this', parseMeshId)
    .option(
      '--listen <maddr>',
      'where to listen for peers; may be repeated (default: TCP 4101 and WebSockets 4102 everywhere)',
      listed
    )
    .addOption(space())
    .addHelpText(
      'after',
      '\nExamples:\n  mesh join /ip4/192.0.2.7/tcp/4101/p2p/12D3KooW…\n  mesh join /dns4/mesh.example.org/tcp/4101/p2p/12D3KooW… --mesh z71g… --space 50GB'
    )
  addPeerOptions(join).action((address: string, options: JoinOptions, command: Command) =>
    act(command.optsWithGlobals(), async (session) =>
      (await import('./commands/join.ts')).join(session, address, withApi(options, command))
    )
  )
}

/** `--api` is a flag of every command, and commander reads it as that one: here it tells where to listen. */
function withApi<T extends PeerOptions>(options: T, command: Command): T {
  const { api } = command.optsWithGlobals<{ api?: string }>()
  return api === undefined ? options : { ...options, api: parseApiAddress(api) }
}

function addPeerOptions(command: Command): Command {
  return command
    .option('--announce <maddr>', 'tell others this address instead; may be repeated', announced)
    .option('--api <host:port>', 'where the local API listens (default: a socket in the home)', parseApiAddress)
    .addOption(profile("override the mesh's timings, for tests"))
    .addOption(new Option('--gossip <state>', 'off: everything travels by sync (default: on)').choices(['on', 'off']))
    .addOption(
      new Option('--routing <where>', 'where content from outside the mesh is looked for (default: off)').choices([
        'off',
        'public'
      ])
    )
    .addOption(
      new Option('--serve <whom>', 'whom this peer gives content to (default: members)').choices(['members', 'public'])
    )
    .option('--mdns', 'find peers on the local network')
    .option('--zone <name>', 'the site or rack this peer fails with: copies are spread over zones')
}
