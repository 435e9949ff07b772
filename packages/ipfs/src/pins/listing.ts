// What a journal of pins tells, in the words of the port: alike for the embedded store and for a Kubo.

import type { CID } from 'multiformats/cid'
import type { Pin, PinMode } from '../content.ts'
import { parseCid } from '../dag/digest.ts'

interface Record {
  state: string
  mode: PinMode
  bytes: number
}

interface Journal {
  record(cid: CID): Record | undefined
  records(): AsyncIterable<{ cid: CID; record: Record }>
}

export function pinnedIn(journal: Journal, text: string): { mode: PinMode; bytes: number } | undefined {
  const record = journal.record(parseCid(text))
  return record?.state === 'pinned' ? { mode: record.mode, bytes: record.bytes } : undefined
}

export async function* pinsIn(journal: Journal): AsyncGenerator<Pin> {
  for await (const { cid, record } of journal.records()) {
    if (record.state === 'pinned') yield { cid: cid.toString(), mode: record.mode, bytes: record.bytes }
  }
}

export async function* unfinishedIn(journal: Journal): AsyncGenerator<string> {
  for await (const { cid, record } of journal.records()) if (record.state === 'partial') yield cid.toString()
}
