/**
 * Failures of the rooms below, as a person meets them: the same codes, with a remedy and the exit code of a command.
 */
import { FormatError, type Failure, SettingError } from '@pinmesh/core'
import { ContentError } from '@pinmesh/ipfs'
import { StoreError } from '@pinmesh/store'
import { TransportError } from '@pinmesh/transport'
import { MeshError } from './mesh-error.ts'

const remedies: Record<string, string> = {
  MESH_HOME_BUSY: 'Stop the other process, or choose another folder with --home.',
  MESH_STORE_DAMAGED:
    'Start again when another peer runs, put the folder `store` of a backup in its place, or go on with what can still be read: `mesh start --salvage`.',
  MESH_STORE_FAILED: 'Look at the disk of this peer.',
  MESH_DISK_FULL: 'Make room on the disk; the peer goes on by itself.',
  MESH_PORT_TAKEN: 'Choose another with --listen, or stop what listens there.',
  MESH_BAD_ADDRESS: 'Give a multiaddress such as /ip4/192.0.2.7/tcp/4101.',
  MESH_UNREACHABLE: 'Check the address and that the other peer runs and is not behind a firewall.',
  MESH_BAD_FORMAT: 'Check that both sides run a current pinmesh.'
}

const content: Record<ContentError['code'], { code: string; text: string; remedy: string }> = {
  unreachable: {
    code: 'MESH_CONTENT_UNREACHABLE',
    text: 'No peer gave the content.',
    remedy: 'See `mesh status` for who holds it, and try again.'
  },
  'no-space': {
    code: 'MESH_NO_SPACE',
    text: 'There is not enough room for the content.',
    remedy: 'Give more with `mesh config set space`, empty the trash with `mesh gc`, or free the disk.'
  },
  'back-end': {
    code: 'MESH_BACKEND_FAILED',
    text: 'The IPFS back end of this peer failed.',
    remedy: 'Look at its disk and its notes.'
  },
  limit: {
    code: 'MESH_NO_SPACE',
    text: 'The content is larger than what is allowed.',
    remedy: 'Give more with `mesh config set space`.'
  },
  refused: {
    code: 'MESH_CONTENT_REFUSED',
    text: 'The content cannot be asked for like this.',
    remedy: 'Check the CID or path.'
  },
  aborted: { code: 'MESH_INTERRUPTED', text: 'It was interrupted.', remedy: 'Try again.' },
  'bad-dag': {
    code: 'MESH_BAD_CONTENT',
    text: 'The content is malformed or of a kind that is not known here.',
    remedy: 'Check the CID, or the CAR.'
  }
}

/** Any error as a MeshError; what is none of ours becomes MESH_INTERNAL. */
export function meshErrorOf(error: unknown): MeshError {
  if (error instanceof MeshError) return error
  if (error instanceof ContentError) {
    const { code, text, remedy } = content[error.code]
    return new MeshError(code, sentenceOf(error, text), { remedy, cause: error })
  }
  if (error instanceof SettingError) return new MeshError(error.code, error.message, { exit: 1, cause: error })
  if (error instanceof StoreError || error instanceof TransportError || error instanceof FormatError) {
    const remedy = remedies[error.code]
    const exit = error.code === 'MESH_BAD_ADDRESS' ? 1 : 2
    return new MeshError(error.code, error.message, { exit, cause: error, ...(remedy === undefined ? {} : { remedy }) })
  }
  return new MeshError('MESH_INTERNAL', 'Something went wrong inside pinmesh.', {
    remedy: 'Please report it with what you did.',
    cause: error
  })
}

/** What is wrong with content says enough by itself. */
function sentenceOf({ code, message }: ContentError, text: string): string {
  if (code === 'aborted') return text
  if (code === 'bad-dag') return `${message}.`
  const detail = message.replace(/^(?!Kubo|Helia)[A-Z][a-z]* /, (word) => word.toLowerCase())
  return `${text.slice(0, -1)}: ${detail}.`
}

/** What the core refuses because of what was typed. */
const wrongInput = new Set([
  'MESH_BAD_CID',
  'MESH_BAD_PIN',
  'MESH_BAD_POLICY',
  'MESH_BAD_REPLICAS',
  'MESH_BAD_VALUE',
  'MESH_UNKNOWN_PEER',
  'MESH_UNKNOWN_WRITER'
])

export function meshErrorOfFailure(failure: Failure): MeshError {
  const exit = wrongInput.has(failure.code) ? 1 : 2
  return new MeshError(failure.code, failure.text, {
    exit,
    ...(failure.remedy === undefined ? {} : { remedy: failure.remedy })
  })
}
