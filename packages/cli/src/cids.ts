// The CIDs of a command: its arguments, and for `-` the lines of stdin, in groups as one request takes them. Arguments
// are checked before anything is asked; a bad line on stdin is told beside the others, which go on.

import { MeshError } from '@pinmesh/node/mesh-error'
import { parseCid } from './parse/cid.ts'
import { usage } from './parse/refuse.ts'
import type { Input } from './world.ts'

/** As many as one request of the API takes. */
const groupMax = 1000
const lineCharsMax = 4096

export type Given = { cid: string } | { cid: string; error: MeshError }

/** MESH_BAD_CID for an argument, MESH_USAGE for a second `-`, both at once. */
export function cidGroups(
  args: readonly string[],
  stdin: Input,
  parse: (text: string) => string = parseCid
): AsyncIterable<Given[]> {
  const cids = args.filter((arg) => arg !== '-').map((arg) => ({ cid: parse(arg) }))
  const dashes = args.length - cids.length
  if (dashes > 1) throw usage('Stdin can be read only once.', 'Give `-` once.')
  return groups(cids, dashes === 1 ? stdin : undefined, parse)
}

async function* groups(
  cids: Given[],
  stdin: Input | undefined,
  parse: (text: string) => string
): AsyncGenerator<Given[], void, undefined> {
  for (let start = 0; start < cids.length; start += groupMax) yield cids.slice(start, start + groupMax)
  if (stdin === undefined) return
  for await (const lines of lineGroups(stdin)) {
    for (let start = 0; start < lines.length; start += groupMax) {
      yield lines.slice(start, start + groupMax).map((line) => given(line, parse))
    }
  }
}

async function* lineGroups(stdin: Input): AsyncGenerator<string[], void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stdin as AsyncIterable<Uint8Array | string>) {
    const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))).split('\n')
    rest = lines.pop()!
    if (rest.length > lineCharsMax) throw usage('A line of stdin is too long for a CID.', 'Give one CID a line.')
    yield full(lines)
  }
  yield full([rest])
}

function full(lines: string[]): string[] {
  return lines.map((line) => line.trim()).filter((line) => line !== '')
}

function given(line: string, parse: (text: string) => string): Given {
  try {
    return { cid: parse(line) }
  } catch (error) {
    if (error instanceof MeshError) return { cid: line.slice(0, 100), error }
    throw error
  }
}

/** Asks about the good ones of a group; the answers in the group's order, each bad one with its own error. */
export async function answersFor<A extends { cid: string }>(
  group: readonly Given[],
  ask: (cids: string[]) => Promise<A[]>
): Promise<(A | { cid: string; error: MeshError })[]> {
  const good = group.filter((given) => !('error' in given)).map(({ cid }) => cid)
  const answers = good.length === 0 ? [] : await ask(good)
  let next = 0
  return group.map((given) => ('error' in given ? given : answers[next++]!))
}
