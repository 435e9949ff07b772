// Opens the store, says so, and keeps it open until it is ended.

import { createLevelStore } from '@pinmesh/store'

await createLevelStore({ path: process.argv[2]! })
process.stdout.write('open\n')
setInterval(() => {}, 1 << 30)
