// What Kubo says when something went wrong, as our codes. Its API has one status for every failure, so the sentence has
// to be read; what is not recognised is the back end's own trouble and is tried again.

import { ContentError } from '../content-error.ts'
import type { ContentCode } from '../content-error.ts'

/** Kubo answered, with a failure. */
export class KuboError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'KuboError'
    this.status = status
  }
}

const sentences: readonly (readonly [RegExp, ContentCode])[] = [
  [/no space left|disk quota exceeded/i, 'no-space'],
  [
    /no decoder registered|unrecognized object type|unknown (?:codec|multicodec|hash)|protobuf: |unexpected content/i,
    'bad-dag'
  ],
  [/invalid (?:cid|path)|hash function not allowed|digest too (?:small|large)|cbor|invalid character/i, 'bad-dag'],
  [/not found locally|could not find|context deadline exceeded/i, 'unreachable']
]

/** Any failure of a call as a ContentError; one of ours stays as it is. */
export function kuboFailure(error: unknown): ContentError {
  if (error instanceof ContentError) return error
  if (error instanceof KuboError) {
    const code = sentences.find(([pattern]) => pattern.test(error.message))?.[1] ?? 'back-end'
    return new ContentError(code, `Kubo says: ${error.message}`, { cause: error })
  }
  const text = error instanceof Error ? error.message : String(error)
  return new ContentError('back-end', `Kubo does not answer: ${text}`, { cause: error })
}
