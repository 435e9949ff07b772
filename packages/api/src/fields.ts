// Fields of bodies and queries, checked by hand at the door: exact fields, exact types, bounds. Nothing unknown is let
// through, since a field that an older peer silently ignores is a wish silently dropped.

import { badRequest } from './problem.ts'

/** Items in one list of a request: pins, or CIDs to unpin. */
export const batchMax = 1000
export const peerCharsMax = 128

export type Fields = Record<string, unknown>

export function readObject(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest(`${name} must be an object.`)
  return value as Fields
}

export function readList(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw badRequest(`The field "${name}" must be a list.`)
  if (value.length > batchMax) throw badRequest(`The field "${name}" may hold ${batchMax} at most.`)
  return value
}

export function readText(value: unknown, name: string, bytesMax: number): string {
  if (typeof value !== 'string' || value === '') throw badRequest(`The field "${name}" must be text.`)
  if (Buffer.byteLength(value) > bytesMax) throw badRequest(`The field "${name}" may hold ${bytesMax} bytes at most.`)
  return value
}

export function readCount(value: unknown, name: string, low: number, high: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < low || value > high) {
    throw badRequest(`The field "${name}" must be a whole number from ${low} to ${high}.`)
  }
  return value
}

export function readBoolean(value: unknown, name: string): boolean | undefined {
  if (value !== undefined && typeof value !== 'boolean') throw badRequest(`The field "${name}" must be true or false.`)
  return value
}

export function readOneOf<T extends string>(value: unknown, name: string, choices: readonly T[]): T {
  const choice = choices.find((one) => one === value)
  if (choice === undefined) throw badRequest(`The field "${name}" must be one of ${choices.join(', ')}.`)
  return choice
}

/** 0 or 1 in a query; absent is 0. */
export function readFlag(value: unknown, name: string): boolean {
  if (value === undefined || value === '0') return false
  if (value === '1') return true
  throw badRequest(`The query field "${name}" must be 0 or 1.`)
}

/** A whole number in a query. */
export function readQueryCount(value: unknown, name: string): number {
  const count = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : undefined
  return readCount(count, name, 0, Number.MAX_SAFE_INTEGER)
}

export function allow(fields: Fields, names: readonly string[]): void {
  for (const name of Object.keys(fields)) {
    if (!names.includes(name)) throw badRequest(`There is no field "${name.slice(0, 40)}" here.`)
  }
}
