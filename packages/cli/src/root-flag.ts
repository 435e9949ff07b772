// The flag of every command that the root key signs for.

import type { Command } from 'commander'

export function ofRoot(command: Command): Command {
  return command.option('--anyway', 'even if no member can be asked whether the root key has signed elsewhere')
}
