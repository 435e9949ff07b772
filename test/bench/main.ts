/**
 * `npm run bench [name…]`: what a mesh of real processes on this machine does, each figure beside a plain baseline measured in
 * the same run, so that ratios hold when the machine's speed does not. Timings are those of the `test` profile unless
 * a bench says otherwise.
 */
import { acceptance } from './acceptance.ts'
import { idle } from './idle.ts'
import { kubo } from './kubo.ts'
import { leave } from './leave.ts'
import { many } from './many.ts'
import { repair } from './repair.ts'
import { start } from './start.ts'
import { transfer } from './transfer.ts'

const benches: Record<string, () => Promise<void>> = { start, acceptance, transfer, kubo, repair, idle, many, leave }

const names = process.argv.slice(2)
const unknown = names.find((name) => !(name in benches))
if (unknown !== undefined) {
  process.stderr.write(`There is no bench ${unknown}; there are: ${Object.keys(benches).join(', ')}\n`)
  process.exit(1)
}
for (const [name, run] of Object.entries(benches)) {
  if (names.length > 0 && !names.includes(name)) continue
  process.stdout.write(`\n${name}\n`)
  await run()
}
