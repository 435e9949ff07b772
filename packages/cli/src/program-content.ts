// The commands about content: files in, files out, and the room it takes.

import { type Command, Option } from 'commander'
import { parseChunker } from './parse/chunker.ts'
import { parseDuration } from './parse/duration.ts'
import { parsePath } from './parse/path.ts'
import { addWish } from './program-pins.ts'
import type { Act } from './program.ts'

export function addContentCommands(program: Command, act: Act): void {
  program.commandsGroup('Content and pins:')
  addAdd(program, act)
  addGet(program, act)
  addRoom(program, act)
}

function addAdd(program: Command, act: Act): void {
  const add = program
    .command('add')
    .description('import files, folders, URLs or CARs and pin them')
    .argument('<path...>', 'files, folders, http and https URLs, or - for stdin')
    .option('-w, --wrap', 'all in one folder, with one CID')
    .option('--hidden', 'also hidden files in folders (names that begin with a dot)')
    .option('--chunker <how>', 'size-<bytes> or rabin-<min>-<avg>-<max> (default: size-1048576)', parseChunker)
    .option('--car', 'they are CARs: their roots are pinned under their exact CIDs')
    .option('--no-pin', 'a copy on this peer alone, until `mesh gc`')
    .addOption(new Option('--nocopy', 'refused: content that stays in its file changes with it'))
    .addHelpText(
      'after',
      '\nExamples:\n  mesh add photo.jpg\n  mesh add holiday/ -r 3 --wait --timeout 10m\n  mesh add https://example.org/film.mp4 --name film\n  mesh add --car backup.car\n  tar c src | mesh add - --name src.tar'
    )
  addWish(add).action(act(async () => (await import('./commands/add.ts')).add))
}

function addGet(program: Command, act: Act): void {
  program
    .command('get')
    .description('bring content back as files, verified')
    .argument('<cid>', 'a CID, or /ipfs/<cid>, also with the path of a part of it')
    .option('-o, --output <path>', 'where to (default: its name, in the folder you are in); - for stdout', parsePath)
    .option('--car', 'as one CAR')
    .option('--timeout <duration>', 'give up after, such as 60s', parseDuration)
    .addHelpText(
      'after',
      '\nExamples:\n  mesh get bafy… -o holiday\n  mesh get bafy…/2024/photo.jpg\n  mesh get bafy… --car -o backup.car\n  mesh get bafy… -o - | tar x'
    )
    .action(act(async () => (await import('./commands/get.ts')).get))
}

function addRoom(program: Command, act: Act): void {
  program
    .command('du')
    .description('what takes the budget of this peer')
    .option('--pins', 'a line for each pin')
    .addHelpText('after', '\nExamples:\n  mesh du\n  mesh du --pins --json | jq -r .cid')
    .action(act(async () => (await import('./commands/du.ts')).du))
  program
    .command('gc')
    .description('empty the trash of this peer, and delete what no pin needs')
    .option('--now', 'without waiting for the trash time; what was promised to others stays')
    .addHelpText('after', '\nExamples:\n  mesh gc\n  mesh gc --now')
    .action(act(async () => (await import('./commands/gc.ts')).gc))
}
