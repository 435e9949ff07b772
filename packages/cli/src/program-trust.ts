// The commands about who belongs to the mesh: its peers, its writers, its policy.

import { type Command, Option } from 'commander'
import { parseCopies, parseCount, parseCountOrNone } from './parse/count.ts'
import { addInvites } from './program-invite.ts'
import { addLimbo } from './program-limbo.ts'
import { addRoot } from './program-root.ts'
import type { Act } from './program.ts'
import { ofRoot, ofRootAbout } from './root-flag.ts'
import { peersExamples, policyExamples, writersExamples } from './trust-examples.ts'

export function addTrustCommands(program: Command, act: Act): void {
  program.commandsGroup('Who belongs to it:')
  addInvites(program, act)
  addPeers(program, act)
  addWriters(program, act)
  addLimbo(program, act)
  addPolicy(program, act)
  addRoot(program, act)
}

const peerHint = 'its id, as `mesh id` prints it there'

function addPeers(program: Command, act: Act): void {
  const peers = program
    .command('peers')
    .description("the mesh's peers and how they are")
    .helpCommand(false)
    .addHelpText('after', peersExamples)
    .action(act(async () => (await import('./commands/peers.ts')).peers))
  ofRoot(
    peers
      .command('vouch')
      .description('admit a peer, or trust it: run it where the root key is')
      .argument('<peer>', peerHint)
      .addHelpText('after', '\nExample:\n  mesh peers vouch 12D3KooW…')
  ).action(act(async () => (await import('./commands/trust.ts')).vouch))
  ofRootAbout(
    peers
      .command('withdraw')
      .description('trust a peer no longer: in an open mesh it may still hold, in another it is out')
      .argument('<peer>', peerHint)
      .addHelpText('after', '\nExample:\n  mesh peers withdraw 12D3KooW…')
  ).action(act(async () => (await import('./commands/trust.ts')).withdraw))
  ofRootAbout(
    peers
      .command('rm')
      .description('put a peer out of the mesh: its copies count for nothing from then on')
      .argument('<peer>', peerHint)
      .option('-y, --yes', 'without asking')
      .addHelpText('after', '\nExample:\n  mesh peers rm 12D3KooW…')
  ).action(act(async () => (await import('./commands/trust.ts')).removePeer))
}

function addWriters(program: Command, act: Act): void {
  const writers = program
    .command('writers')
    .description('who may change the pinset')
    .helpCommand(false)
    .addHelpText('after', writersExamples)
  writers
    .command('ls')
    .description('who may change the pinset, and who might once')
    .addHelpText('after', '\nExample:\n  mesh writers ls')
    .action(act(async () => (await import('./commands/writers.ts')).listWriters))
  ofRoot(
    writers
      .command('add')
      .description('let a peer change the pinset: run it where the root key is')
      .argument('<peer>', peerHint)
      .option('--may-invite', 'it may make invitations too')
      .addHelpText('after', '\nExample:\n  mesh writers add 12D3KooW…')
  ).action(act(async () => (await import('./commands/writers.ts')).addWriter))
  ofRoot(
    writers
      .command('rm')
      .description('let a peer change the pinset no longer, and void all that it wrote')
      .argument('<peer>', peerHint)
      .option('--adopt', 'write again first, as this peer, what stands by it alone')
      .option('-y, --yes', 'without asking')
      .addHelpText('after', '\nExamples:\n  mesh writers rm 12D3KooW…\n  mesh writers rm 12D3KooW… --adopt')
  ).action(act(async () => (await import('./commands/writers.ts')).removeWriter))
}

function addPolicy(program: Command, act: Act): void {
  const policy = program
    .command('policy')
    .description('what the mesh as a whole goes by')
    .helpCommand(false)
    .addHelpText('after', policyExamples)
  policy
    .command('show')
    .description('admission, copies, timings, as they are')
    .addHelpText('after', '\nExample:\n  mesh policy show')
    .action(act(async () => (await import('./commands/policy.ts')).showPolicy))
  ofRoot(
    policy
      .command('set')
      .description('change it for everybody: run it where the root key is')
      .addOption(new Option('--admission <how>', 'who becomes a member').choices(['open', 'invite']))
      .option('--replicas <n>', 'copies of a pin that does not say; or all', parseCopies)
      .option('--trusted-min <n>', 'of these, at least so many on trusted peers', parseCountOrNone)
      .addOption(new Option('--profile <name>', 'the timings').choices(['lan', 'wan', 'test']))
      .option('--protocol-min <n>', 'serve no peer that speaks a lower version', parseCount)
      .addHelpText('after', policyExamples)
  ).action(act(async () => (await import('./commands/policy.ts')).setPolicy))
}
