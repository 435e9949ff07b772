// The flag of every command that the root key signs for.

import type { Command } from 'commander'

const unasked = 'even if no member can be asked whether the root key has signed elsewhere'

export function ofRoot(command: Command): Command {
  return command.option('--anyway', unasked)
}

/** As `ofRoot`, for a command that shuts a peer out. */
export function ofRootAbout(command: Command): Command {
  return command.option('--anyway', `${unasked}, or the peer is not known here`)
}
