// A passphrase: asked for at the terminal without echo, or read from a file or stdin by scripts. Never on the command line, where
// every user of the machine sees it.

import { readFile } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { Interrupted } from './failure.ts'
import { unreadable } from './files/file-error.ts'
import { usage } from './parse/refuse.ts'
import type { Session } from './session.ts'
import type { Input, World } from './world.ts'

/** More is a file that was not meant. */
const charsMax = 1024

/** `file`: where it stands, `-` for stdin. Without, it is asked for, and `again` asks twice. MESH_USAGE. */
export async function readPassphrase(session: Session, file: string | undefined, again: boolean): Promise<string> {
  const { world } = session
  if (file !== undefined) return firstLine(file === '-' ? await textOf(world.stdin) : await textOfFile(file))
  if (!session.interactive)
    throw usage(
      'There is nobody to ask for the passphrase.',
      'Give a file that holds it with --passphrase-file, or - for stdin.'
    )
  const [passphrase = '', repeated = passphrase] = await askHidden(
    world,
    again ? ['Passphrase', 'Once more'] : ['Passphrase']
  )
  if (repeated !== passphrase) throw usage('The two passphrases are not the same.', 'Try again.')
  return passphrase
}

/** The answers. What is typed is not shown. */
async function askHidden(world: World, questions: readonly string[]): Promise<string[]> {
  const { createInterface } = await import('node:readline')
  // readline echoes to its output: this one keeps silent.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const asking = createInterface({ input: world.stdin, output: silent, terminal: true })
  const end = (): void => asking.close()
  world.signal.addEventListener('abort', end, { once: true })
  try {
    const lines = asking[Symbol.asyncIterator]()
    const answers: string[] = []
    for (const question of questions) {
      world.stderr.write(`${question}: `)
      const line = await lines.next()
      world.stderr.write('\n')
      if (line.done === true) throw world.signal.aborted ? world.signal.reason : new Interrupted()
      answers.push(line.value)
    }
    return answers
  } finally {
    world.signal.removeEventListener('abort', end)
    asking.close()
  }
}

async function textOfFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw unreadable(path, error)
  }
}

async function textOf(stdin: Input): Promise<string> {
  let text = ''
  for await (const chunk of stdin) {
    text += String(chunk)
    if (text.length > charsMax) break
  }
  return text
}

function firstLine(text: string): string {
  const line = text.split(/\r?\n/, 1)[0] ?? ''
  if (line === '' || line.length > charsMax)
    throw usage('There is no passphrase in that file.', 'It is the first line.')
  return line
}
