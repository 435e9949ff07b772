// What can be typed, taken from the commands themselves: which words, flags and values stand behind each command. The
// scripts for the shells are written from it, so none can lag behind.

import type { Argument, Command, Option } from 'commander'

export interface FlagWords {
  /** --replicas */
  readonly long: string
  /** -r */
  readonly short: string | undefined
  readonly about: string
  readonly value: 'none' | 'needed' | 'optional'
  readonly choices: readonly string[]
  readonly isPath: boolean
}

export interface CommandWords {
  /** `mesh token new` */
  readonly path: string
  readonly commands: readonly { readonly name: string; readonly about: string }[]
  readonly flags: readonly FlagWords[]
  /** What its arguments may be. */
  readonly choices: readonly string[]
  readonly takesPaths: boolean
}

/** Every command, the program itself first; flags of the program stand behind all of them. */
export function wordsOf(program: Command): CommandWords[] {
  return below(program, program.name(), program.options.map(flagWords))
}

function below(command: Command, path: string, everywhere: readonly FlagWords[]): CommandWords[] {
  const own = command.parent === null ? [] : command.options.map(flagWords)
  const longs = new Set(own.map(({ long }) => long))
  const args = command.registeredArguments
  const here: CommandWords = {
    path,
    commands: command.commands.map((one) => ({ name: one.name(), about: oneLine(one.description()) })),
    flags: [...own, ...everywhere.filter(({ long }) => !longs.has(long)), help],
    choices: args.flatMap(({ argChoices = [] }) => argChoices),
    takesPaths: args.some(isPath)
  }
  return [here, ...command.commands.flatMap((one) => below(one, `${path} ${one.name()}`, everywhere))]
}

const help: FlagWords = {
  long: '--help',
  short: '-h',
  about: 'show help',
  value: 'none',
  choices: [],
  isPath: false
}

function flagWords(option: Option): FlagWords {
  return {
    long: option.long ?? '',
    short: option.short,
    about: oneLine(option.description),
    value: option.required ? 'needed' : option.optional ? 'optional' : 'none',
    choices: option.argChoices ?? [],
    isPath: /<(?:path|folder|file)>/.test(option.flags)
  }
}

function isPath(argument: Argument): boolean {
  return /^(?:path|folder|file)$/.test(argument.name())
}

/** Descriptions go into scripts between quotes: one line, and no character that a shell would obey there. */
function oneLine(text: string): string {
  return text
    .replace(/ \((?:default|one of): .*$/, '')
    .replace(/\s+/g, ' ')
    .replace(/'/g, '’')
    .replace(/: /g, ', ')
    .replace(/[`"\\$:[\]]/g, '')
}
