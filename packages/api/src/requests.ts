// What requests about pins and content carry. What a CID is, and whether a wish can be granted, is for the peer to say.

import {
  allow,
  type Fields,
  readBoolean,
  readCount,
  readFlag,
  readList,
  readObject,
  readQueryCount,
  readText
} from './fields.ts'
import { badRequest } from './problem.ts'
import type { ListOptions, PinRequest, UnpinOptions, UpdateOptions } from './mesh.ts'

/** Room for a thousand pins with the longest names and metadata. */
export const batchBytesMax: number = 4 << 20
/** Any other JSON body. */
export const bodyBytesMax: number = 64 << 10
/** Text of a CID, also of one that carries its data. */
export const cidCharsMax = 512

const chunkerCharsMax = 64
const pathBytesMax = 4096
const replicasMax = 65_535
export const nameBytesMax = 255
export const metaBytesMax = 512
const chosenMax = 16
export const peerCharsMax = 128
const priorityMax = 255
const originsMax = 8
const originCharsMax = 255
const slotForm = /^[A-Za-z0-9_-]{1,16}$/

export type Wish = Omit<PinRequest, 'cid'>

const wishFields = [
  ...(['replicas', 'min', 'name', 'meta', 'expireInMs', 'mode'] as const),
  ...(['chosen', 'priority', 'origins', 'slot', 'anyway'] as const)
] as const
const pinFields = ['cid', ...wishFields] as const

/** One request or { pins: [...] }. */
export function readPins(body: unknown): { requests: PinRequest[]; many: boolean } {
  const fields = readObject(body, 'The body')
  if (!('pins' in fields)) return { requests: [readPin(fields)], many: false }
  allow(fields, ['pins'])
  return { requests: readList(fields.pins, 'pins').map(readPin), many: true }
}

export function readUnpin(body: unknown): { cids: string[]; how: UnpinOptions } {
  const fields = readObject(body, 'The body')
  allow(fields, ['cids', 'yes', 'slot', 'everySlot'])
  const how: UnpinOptions = {
    yes: readBoolean(fields.yes, 'yes') ?? false,
    everySlot: readBoolean(fields.everySlot, 'everySlot') ?? false
  }
  if (fields.slot !== undefined) how.slot = readSlot(fields.slot)
  return { cids: readList(fields.cids, 'cids').map(readCid), how }
}

/** { old, cid, slot?, held?, spread?, yes?, …terms } */
export function readUpdate(body: unknown): { old: string; cid: string; options: UpdateOptions } {
  const fields = readObject(body, 'The body')
  const { old, cid, held, spread, yes, slot, ...terms } = fields
  allow(terms, wishFields)
  const options: UpdateOptions = {
    terms: readWish(terms),
    spread: readBoolean(spread, 'spread') ?? false,
    yes: readBoolean(yes, 'yes') ?? false
  }
  if (slot !== undefined) options.slot = readSlot(slot)
  if (held !== undefined) options.held = held === 'want' ? held : readCount(held, 'held', 1, replicasMax)
  return { old: readCid(old), cid: readCidPath(cid), options }
}

/** { cids?, local? } */
export function readRetry(body: unknown): { cids: string[] | undefined; local: boolean } {
  const fields = readObject(body, 'The body')
  allow(fields, ['cids', 'local'])
  const cids = fields.cids === undefined ? undefined : readList(fields.cids, 'cids').map(readCid)
  return { cids, local: readBoolean(fields.local, 'local') ?? false }
}

/** ?yes=1&slot=name&everySlot=1 */
export function readUnpinQuery(query: unknown): UnpinOptions {
  const { slot, everySlot, yes } = readObject(query, 'The query')
  const how: UnpinOptions = { yes: readFlag(yes, 'yes'), everySlot: readFlag(everySlot, 'everySlot') }
  if (slot !== undefined) how.slot = readSlot(slot)
  return how
}

export function readAddOptions(header: unknown): { wrap: boolean; chunker?: string; pin?: Wish } {
  const fields = readObject(header, 'The first frame')
  allow(fields, ['wrap', 'chunker', 'pin'])
  const { chunker, pin } = fields
  return {
    wrap: readBoolean(fields.wrap, 'wrap') ?? false,
    ...(chunker === undefined ? {} : { chunker: readText(chunker, 'chunker', chunkerCharsMax) }),
    ...readPinOption(pin)
  }
}

export function readCarOptions(header: unknown): { pin?: Wish } {
  const fields = readObject(header, 'The first frame')
  allow(fields, ['pin'])
  return readPinOption(fields.pin)
}

/** { now? } */
export function readGc(body: unknown): { now: boolean } {
  const fields = readObject(body, 'The body')
  allow(fields, ['now'])
  return { now: readBoolean(fields.now, 'now') ?? false }
}

/** ?path=a/b */
export function readContentPath(query: unknown): { path?: string } {
  const fields = readObject(query, 'The query')
  allow(fields, ['path'])
  return fields.path === undefined ? {} : { path: readText(fields.path, 'path', pathBytesMax) }
}

/** ?path=a/b&from=c/d&offset=1024; without `from` the offset is that of the content itself, which is a file then. */
export function readContentList(query: unknown): ListOptions {
  const { from, offset, ...rest } = readObject(query, 'The query')
  const options: ListOptions = readContentPath(rest)
  if (from === undefined && offset === undefined) return options
  options.from = {
    path: from === undefined ? '' : readText(from, 'from', pathBytesMax),
    offset: offset === undefined ? 0 : readQueryCount(offset, 'offset')
  }
  return options
}

function readPinOption(value: unknown): { pin?: Wish } {
  if (value === undefined) return {}
  const pin = readObject(value, 'pin')
  allow(pin, wishFields)
  return { pin: readWish(pin) }
}

export function readCid(value: unknown): string {
  return readText(value, 'cid', cidCharsMax)
}

/** A CID, or a path below one. */
function readCidPath(value: unknown): string {
  const text = readText(value, 'cid', cidCharsMax + pathBytesMax)
  readCid(text.replace(/^\/ipfs\//, '').split('/', 1)[0])
  return text
}

/** ?wait=N: undefined if absent. */
export function readWait(query: unknown): number | undefined {
  const { wait } = readObject(query, 'The query')
  if (wait === undefined) return undefined
  const holders = typeof wait === 'string' && /^\d{1,5}$/.test(wait) ? Number(wait) : undefined
  return readCount(holders, 'wait', 1, replicasMax)
}

export function readSlot(value: unknown): string {
  if (typeof value === 'string' && slotForm.test(value)) return value
  throw badRequest('The field "slot" must be 1 to 16 of the characters A-Z a-z 0-9 _ -.')
}

function readTexts(value: unknown, name: string, most: number, charsMax: number): string[] {
  const texts = readList(value, name).map((text) => readText(text, name, charsMax))
  if (texts.length > most) throw badRequest(`The field "${name}" may hold ${most} at most.`)
  if (new Set(texts).size !== texts.length) throw badRequest(`The field "${name}" holds one twice.`)
  return texts
}

function readPin(value: unknown): PinRequest {
  const fields = readObject(value, 'A pin')
  allow(fields, pinFields)
  const wish: Wish & { cid?: string } = readWish(fields)
  wish.cid = readCidPath(fields.cid)
  return wish as PinRequest
}

function readWish(fields: Fields): Wish {
  const { replicas, min, name, meta, expireInMs, mode, chosen, priority, origins, slot, anyway } = fields
  const wish: Wish = {}
  if (replicas !== undefined)
    wish.replicas = replicas === 'all' ? 'all' : readCount(replicas, 'replicas', 1, replicasMax)
  if (min !== undefined) wish.min = readCount(min, 'min', 1, replicasMax)
  if (name !== undefined) wish.name = readText(name, 'name', nameBytesMax)
  if (meta !== undefined) wish.meta = readMeta(meta)
  if (expireInMs !== undefined) wish.expireInMs = readCount(expireInMs, 'expireInMs', 1, Number.MAX_SAFE_INTEGER)
  if (mode !== undefined) {
    if (mode !== 'recursive' && mode !== 'direct') throw badRequest('The field "mode" must be recursive or direct.')
    wish.mode = mode
  }
  if (chosen !== undefined) wish.chosen = readTexts(chosen, 'chosen', chosenMax, peerCharsMax)
  if (priority !== undefined) wish.priority = readCount(priority, 'priority', 0, priorityMax)
  if (origins !== undefined) wish.origins = readTexts(origins, 'origins', originsMax, originCharsMax)
  if (slot !== undefined) wish.slot = readSlot(slot)
  const any = readBoolean(anyway, 'anyway')
  if (any !== undefined) wish.anyway = any
  return wish
}

function readMeta(value: unknown): Record<string, string> {
  const meta = readObject(value, 'meta')
  let bytes = 0
  for (const [key, text] of Object.entries(meta)) {
    if (typeof text !== 'string') throw badRequest('Every value of "meta" must be text.')
    bytes += Buffer.byteLength(key) + Buffer.byteLength(text)
  }
  if (bytes > metaBytesMax) throw badRequest(`The field "meta" may hold ${metaBytesMax} bytes at most.`)
  return meta as Record<string, string>
}
