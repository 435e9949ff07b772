// Writes under a limit on file sizes until it is refused, then tries once more, and prints what both attempts said.

import { createLevelStore, StoreError } from '@pinmesh/store'

const store = await createLevelStore({ path: process.argv[2]! })
const write = (n: number): Promise<string> =>
  store
    .write(
      [
        {
          table: 'entry',
          key: Uint8Array.of(n),
          value: crypto.getRandomValues(new Uint8Array(60_000))
        }
      ],
      { sync: true }
    )
    .then(
      () => 'written',
      (error: unknown) => (error instanceof StoreError ? error.code : String(error))
    )

let said = 'written'
for (let n = 0; n < 100 && said === 'written'; n++) said = await write(n)
const first = await store.get('entry', Uint8Array.of(0))
process.stdout.write(JSON.stringify([said, await write(101), first?.length ?? 0]) + '\n')
