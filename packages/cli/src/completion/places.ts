// Where a value is typed: behind which flag of which command, and what it may be.

import type { CommandWords } from './command-words.ts'

export interface Places {
  /** `mesh start --gossip` takes one of these words. */
  readonly choices: readonly { readonly place: string; readonly words: readonly string[] }[]
  /** `mesh get --output` takes a path. */
  readonly paths: readonly string[]
}

export function placesOf(commands: readonly CommandWords[]): Places {
  const all = commands.flatMap(({ path, flags }) =>
    flags
      .filter(({ value }) => value === 'needed')
      .flatMap((flag) => [flag.long, flag.short ?? flag.long].map((name) => ({ place: `${path} ${name}`, flag })))
  )
  const unique = [...new Map(all.map((one) => [one.place, one])).values()]
  return {
    choices: unique
      .filter(({ flag }) => flag.choices.length > 0)
      .map(({ place, flag }) => ({ place, words: flag.choices })),
    paths: unique.filter(({ flag }) => flag.isPath).map(({ place }) => place)
  }
}

/** Flags that a value follows: it is no command, whatever it is called. */
export function valuedFlags(commands: readonly CommandWords[]): string[] {
  const valued = commands.flatMap(({ flags }) => flags.filter(({ value }) => value === 'needed'))
  return [...new Set(valued.flatMap(({ long, short }) => (short === undefined ? [long] : [long, short])))]
}

/** Branches of a shell's `case`, as bash and zsh write them. */
export function caseLines(branches: readonly (readonly [string, string])[]): string {
  return branches.map(([pattern, then]) => `      '${pattern}') ${then} ;;`).join('\n')
}
