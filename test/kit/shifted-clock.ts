// Loaded into a process before anything else (--import): its wall clock is off by as many milliseconds as the file named in
// SHIFTED_CLOCK says, from moment to moment, while its monotonic clock goes on as it is. So a clock can be set wrong and right
// again under a running peer. (A namespace cannot do this: Linux shifts only the monotonic clocks per namespace.)

import { readFileSync, statSync } from 'node:fs'

const file = process.env.SHIFTED_CLOCK
if (file === undefined) throw new Error('SHIFTED_CLOCK names no file')
const path: string = file
const True = Date
let readAt = NaN
let shiftMs = 0

function shift(): number {
  const { mtimeMs } = statSync(path)
  if (mtimeMs !== readAt) shiftMs = Number(readFileSync(path, 'utf8'))
  readAt = mtimeMs
  return shiftMs
}

globalThis.Date = new Proxy(True, {
  construct: (date, given: [], target) =>
    Reflect.construct(date, given.length === 0 ? [date.now() + shift()] : given, target) as Date,
  apply: () => new True(True.now() + shift()).toString(),
  get: (date, name, receiver) =>
    name === 'now' ? () => date.now() + shift() : (Reflect.get(date, name, receiver) as unknown)
})
