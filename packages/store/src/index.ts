// @pinmesh/store: where a peer keeps its logs, its view, its journal and its promises.
//
//   const store = await createLevelStore({ path: '/home/me/.pinmesh/store' })
//   await store.write([{ table: 'meta', key, value }], { sync: true })   // on disk when it resolves
//   for await (const rows of store.range('pin')) for (const { key, value } of rows) …
//   await store.close()

export { moveIn, putAside, removeWithMark, replaceBy } from '@pinmesh/level'
export { createLevelStore } from './level.ts'
export { createMemoryStore } from './memory.ts'
export type { MemoryStore } from './memory.ts'
export { salvageStore } from './salvage.ts'
export { StoreError } from './store-error.ts'
export type { StoreCode } from './store-error.ts'
export { chunkBytesMax, chunkRowsMax } from './store.ts'
export type { Row, Store, StoredRow, Table } from './store.ts'
