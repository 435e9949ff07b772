// mesh watch: what happens at this peer from now on, until Ctrl-C.

import type { Note } from '@pinmesh/node'
import type { Exit } from '../failure.ts'
import type { Session } from '../session.ts'
import { clockText } from '../text/age.ts'
import { clean } from '../text/table.ts'

export async function watch(session: Session): Promise<Exit> {
  const { out, world } = session
  await session.ask(async (client) => {
    for await (const note of client.notes()) await out.result(note, noteText(note))
    world.signal.throwIfAborted()
  })
  return 0
}

export function noteText({ at, text }: Note): string {
  return `${clockText(at)} ${clean(text)}`
}
