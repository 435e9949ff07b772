// Completion for bash 3.2 and newer.

import type { CommandWords } from './command-words.ts'
import { caseLines, placesOf, valuedFlags } from './places.ts'

export function bashScript(commands: readonly CommandWords[]): string {
  const { choices, paths } = placesOf(commands)
  return `# mesh completion for bash:  source <(mesh completion bash)
_mesh() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at=mesh words= flags= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i-1]} in
      ${valuedFlags(commands).join('|')}) continue ;;
    esac
    case "$at \${COMP_WORDS[i]}" in
${caseLines(commands.slice(1).map(({ path }) => [path, `at='${path}'`]))}
    esac
  done
  case "$at $prev" in
${caseLines(choices.map(({ place, words }) => [place, `words='${words.join(' ')}'`]))}
${caseLines(paths.map((place) => [place, 'compopt -o default 2>/dev/null; return']))}
    *' '${valuedFlags(commands).join("|*' '")}) return ;;
    *)
      case "$at" in
${caseLines(commands.map((one) => [one.path, `words='${wordsBehind(one)}'; flags='${flagsBehind(one)}'`]))}
      esac ;;
  esac
  case $cur in -*) words=$flags ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
${pathsBehind(commands)}
}
complete -F _mesh mesh
`
}

function wordsBehind({ commands, choices }: CommandWords): string {
  return [...commands.map(({ name }) => name), ...choices].join(' ')
}

/** Offered once a dash is typed: before that they would stand in the way of paths. */
function flagsBehind({ flags }: CommandWords): string {
  return flags.flatMap(({ long, short }) => (short === undefined ? [long] : [long, short])).join(' ')
}

function pathsBehind(commands: readonly CommandWords[]): string {
  const taking = commands.filter(({ takesPaths }) => takesPaths).map(({ path }) => path)
  return `  case "$at" in
${caseLines(taking.map((path) => [path, 'compopt -o default 2>/dev/null']))}
  esac`
}
