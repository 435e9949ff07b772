// Writes numbered rows for ever, every tenth write synced, and prints a number once its row is durable.

import { createLevelStore } from '@pinmesh/store'

const store = await createLevelStore({ path: process.argv[2]! })
for (let n = 0; ; n++) {
  const key = new Uint8Array(4)
  new DataView(key.buffer).setUint32(0, n)
  const written = store.write([{ table: 'entry', key, value: new Uint8Array(100).fill(n) }], {
    sync: n % 10 === 9
  })
  if (n % 10 !== 9) continue
  await written
  process.stdout.write(`${n}\n`)
}
