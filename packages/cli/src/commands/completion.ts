// mesh completion: a script that teaches a shell this command's words.

import type { Command } from 'commander'
import { bashScript } from '../completion/bash.ts'
import { type CommandWords, wordsOf } from '../completion/command-words.ts'
import { fishScript } from '../completion/fish.ts'
import { zshScript } from '../completion/zsh.ts'
import type { Exit } from '../failure.ts'
import type { Session } from '../session.ts'

type Shell = 'bash' | 'zsh' | 'fish'

const scripts: Record<Shell, (commands: readonly CommandWords[]) => string> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript
}

export async function completion(session: Session, shell: Shell, _options: object, command: Command): Promise<Exit> {
  let program = command
  while (program.parent !== null) program = program.parent
  const script = scripts[shell](wordsOf(program))
  await session.out.result({ shell, script }, script.trimEnd())
  return 0
}
