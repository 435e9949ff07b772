// Completion for zsh.

import type { CommandWords, FlagWords } from './command-words.ts'
import { caseLines, placesOf, valuedFlags } from './places.ts'

export function zshScript(commands: readonly CommandWords[]): string {
  const { choices, paths } = placesOf(commands)
  return `#compdef mesh
# mesh completion for zsh: put it as _mesh into a folder of $fpath, or  source <(mesh completion zsh)
_mesh() {
  local at=mesh i
  local -a subcommands flags
  for ((i = 2; i < CURRENT; i++)); do
    case $words[i-1] in
      ${valuedFlags(commands).join('|')}) continue ;;
    esac
    case "$at $words[i]" in
${caseLines(commands.slice(1).map(({ path }) => [path, `at='${path}'`]))}
    esac
  done
  case "$at $words[CURRENT-1]" in
${caseLines(choices.map(({ place, words }) => [place, `compadd -- ${words.join(' ')}; return`]))}
${caseLines(paths.map((place) => [place, '_files; return']))}
    *' '${valuedFlags(commands).join("|*' '")}) return ;;
  esac
  case "$at" in
${caseLines(commands.map((one) => [one.path, behind(one)]))}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o flag flags
  else
    (( $#subcommands )) && _describe command subcommands
  fi
}
if [[ $funcstack[1] == _mesh ]]; then _mesh "$@"; else compdef _mesh mesh; fi
`
}

function behind({ commands, flags, choices, takesPaths }: CommandWords): string {
  const names = commands.map(({ name, about }) => `'${name}:${about}'`)
  const also = [...(choices.length > 0 ? [`compadd -- ${choices.join(' ')}`] : []), ...(takesPaths ? ['_files'] : [])]
  const list = `subcommands=(${names.join(' ')}); flags=(${flags.flatMap(described).join(' ')})`
  return also.length === 0 ? list : `${list}; [[ $PREFIX == -* ]] || { ${also.join('; ')} }`
}

function described({ long, short, about }: FlagWords): string[] {
  return [long, ...(short === undefined ? [] : [short])].map((flag) => `'${flag}:${about}'`)
}
