// The commands about pins.

import { type Command, Option } from 'commander'
import { parseCount } from './parse/count.ts'
import { parseDuration } from './parse/duration.ts'
import { addFilters } from './parse/filter.ts'
import { addMeta } from './parse/meta.ts'
import { addOrigin } from './parse/multiaddr.ts'
import { parsePinName } from './parse/name.ts'
import { addPeers, parsePeer } from './parse/peer.ts'
import { parsePriority } from './parse/priority.ts'
import { parseReplicas } from './parse/replicas.ts'
import { parseSlot } from './parse/slot.ts'
import type { Act } from './program.ts'

export function addPinCommands(program: Command, act: Act): void {
  addPins(program, act)
  addRetry(program, act)
  addLists(program, act)
}

function addPins(program: Command, act: Act): void {
  const pin = program
    .command('pin')
    .description('keep content that is in IPFS or in the mesh already')
    .argument('<cid...>', 'CIDs, /ipfs/<cid>, a path below one, or - for one a line from stdin')
    .addHelpText(
      'after',
      '\nExamples:\n  mesh pin bafy… -r 3 --name films\n  mesh pin bafy… bafk… --expire-in 30d --meta team=web\n  mesh pin bafy… -r all --priority high\n  mesh pin bafy… --on 12D3KooW…,12D3KooW… --slot web\n  mesh pin - -r 2 --wait --timeout 5m < cids.txt'
    )
  addWish(pin)
    .addOption(new Option('--mode <mode>', 'the whole of it, or the one block').choices(['recursive', 'direct']))
    .option('--origin <maddr>', 'a peer that has it, in the mesh or outside; may be repeated', addOrigin)
    .action(act(async () => (await import('./commands/pin.ts')).pin))
  addUpdate(pin, act)
  addUnpin(program, act)
}

/** Flags that `mesh pin` has too are read by it, so they are taken from both. */
function addUpdate(pin: Command, act: Act): void {
  const update = pin
    .command('update')
    .description('put one CID in the place of another: the old one goes when the new one is held')
    .argument('<old>', 'the CID that is pinned now')
    .argument('<new>', 'a CID, or /ipfs/<cid> and a path below it')
    .addHelpText(
      'after',
      '\nExamples:\n  mesh pin update bafyold… bafynew…\n  mesh pin update bafyold… bafynew… --slot web --timeout 10m'
    )
  addWish(update)
    .option('--spread', 'let the mesh choose the peers anew (default: those that hold the old one)')
    .option('-y, --yes', "end another writer's pin of the old one too")
    .action(act(async () => (await import('./commands/pin-update.ts')).updatePin))
}

function addUnpin(program: Command, act: Act): void {
  program
    .command('unpin')
    .description('want content no longer')
    .argument('<cid...>', 'CIDs, /ipfs/<cid>, or - for one a line from stdin')
    .option('-y, --yes', "end another writer's pin without asking")
    .option('--slot <name>', 'end the request in this slot (default: the one without a slot)', parseSlot)
    .option('--all-slots', 'end the requests of every slot')
    .addHelpText(
      'after',
      '\nExamples:\n  mesh unpin bafy…\n  mesh unpin bafy… --slot web\n  mesh ls -q | mesh unpin - --yes --all-slots'
    )
    .action(act(async () => (await import('./commands/unpin.ts')).unpin))
}

function addRetry(program: Command, act: Act): void {
  program
    .command('retry')
    .description('try at once what has failed, here and at the other peers')
    .argument('[cid...]', 'CIDs, or /ipfs/<cid> (default: all that have failed)')
    .option('--local', 'here alone')
    .addHelpText('after', '\nExamples:\n  mesh retry bafy…\n  mesh retry')
    .action(act(async () => (await import('./commands/retry.ts')).retry))
}

function addLists(program: Command, act: Act): void {
  program
    .command('ls')
    .description('list every pin, or those that fit all that is given')
    .option('--name <pattern>', 'of this name; * stands for any characters, ? for one', parsePinName)
    .option('--meta <key=value>', 'with this note; may be repeated', addMeta)
    .option('--slot <name>', 'in this slot', parseSlot)
    .option('--peer <peer>', 'held by this peer', parsePeer)
    .option('--expiring [duration]', 'lapsing within that time, or at all; or lapsed', parseDuration)
    .addHelpText(
      'after',
      "\nExamples:\n  mesh ls\n  mesh ls --name 'films*' --meta team=web\n  mesh ls --expiring 7d\n  mesh ls --json | jq -r .name"
    )
    .action(act(async () => (await import('./commands/ls.ts')).ls))
  program
    .command('status')
    .description('who holds it, who fetches, who failed and why; or every pin')
    .argument('[cid]', 'a CID, or /ipfs/<cid>')
    .option(
      '--filter <what,...>',
      'only pins that some peer is failed, queued, fetching, holding or leaving, or that are ok, few, at-risk, lapsed or limbo',
      addFilters
    )
    .option('--local', 'what this peer does itself')
    .addHelpText(
      'after',
      '\nExamples:\n  mesh status bafy…\n  mesh status --filter failed,at-risk\n  mesh status --local --filter queued,fetching\n  mesh status --json'
    )
    .action(act(async () => (await import('./commands/status.ts')).status))
}

export function addWish(command: Command): Command {
  return command
    .option('-r, --replicas <n>', "copies wanted, or all for every peer (default: the mesh's own)", parseReplicas)
    .option('--min <n>', 'copies below which repair is urgent (default: one less than wanted)', parseCount)
    .option('--name <text>', 'what people call it', parsePinName)
    .option('--meta <key=value>', 'a note to it; may be repeated', addMeta)
    .option('--expire-in <duration>', 'let it lapse after, such as 30d', parseDuration)
    .option('--on <peer,...>', 'peers that should hold it before all others; may be repeated', addPeers)
    .option('--priority <level>', 'low, normal, high, or 0 to 255: what is fetched first', parsePriority)
    .option('--slot <name>', 'a request of its own beside others for the same CID', parseSlot)
    .addOption(
      new Option('--wait [n]', 'stay until that many peers hold it (default: all wanted)').argParser(parseWait)
    )
    .option('--timeout <duration>', 'wait no longer than, such as 60s', parseDuration)
    .option('--anyway', 'even if fewer peers are there than the minimum, or chosen ones are no members')
}

function parseWait(text: string): number | 'want' {
  return text === 'want' ? text : parseCount(text)
}
