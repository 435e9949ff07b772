// Completion for fish.

import type { CommandWords, FlagWords } from './command-words.ts'
import { valuedFlags } from './places.ts'

export function fishScript(commands: readonly CommandWords[]): string {
  const paths = commands.slice(1).map(({ path }) => `'${path}'`)
  return `# mesh completion for fish:  mesh completion fish > ~/.config/fish/completions/mesh.fish
function __mesh_at
    set -l at mesh
    set -l before
    for word in (commandline -opc)[2..-1]
        if contains -- "$before" ${valuedFlags(commands).join(' ')}
            set before $word
            continue
        end
        set before $word
        if contains -- "$at $word" ${paths.join(' ')}
            set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c mesh -f
${commands.flatMap(linesOf).join('\n')}
`
}

function linesOf({ path, commands, flags, choices, takesPaths }: CommandWords): string[] {
  const here = `complete -c mesh -n "__mesh_at '${path}'"`
  return [
    ...commands.map(({ name, about }) => `${here} -a '${name}' -d '${about}'`),
    ...(choices.length > 0 ? [`${here} -a '${choices.join(' ')}'`] : []),
    ...(takesPaths ? [`${here} -F`] : []),
    ...flags.map((flag) => `${here} ${flagLine(flag)}`)
  ]
}

function flagLine({ long, short, about, value, choices, isPath }: FlagWords): string {
  const names = `-l '${long.slice(2)}'${short === undefined ? '' : ` -s '${short.slice(1)}'`}`
  const takes = value !== 'needed' ? '' : isPath ? ' -rF' : ' -x'
  return `${names}${takes}${choices.length > 0 ? ` -a '${choices.join(' ')}'` : ''} -d '${about}'`
}
