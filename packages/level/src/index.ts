/**
 * LevelDB as the store and the content keep it: one batch at a time, and well again by itself after the disk was full.
 *
 *     const level = await SteadyLevel.open({ path: 'store' })
 *     await level.batch([{ type: 'put', key, value }], { sync: true })
 *     level.getSync(key)
 *     await level.close()
 */
export { corruptionIn } from './corruption.ts'
export { faultIn } from './fault.ts'
export { Mark } from './mark.ts'
export { moveIn, putAside, removeWithMark, replaceBy } from './places.ts'
export { salvage, type Salvage } from './salvage.ts'
export { type Bounds, type LevelIterator, type Operation, SteadyLevel, type SteadyLevelInit } from './steady-level.ts'
