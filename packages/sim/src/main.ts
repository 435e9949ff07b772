/**
 * Runs seeds and says which fail:
 *
 *     node --conditions=@pinmesh/source packages/sim/src/main.ts --seed 7 --seeds 200 --peers 5
 *
 * Exit codes: 0 all well · 1 wrong usage · 2 a crash · 3 a safety failure · 4 a liveness failure (the gravest of all seeds).
 */
import { parseArgs } from 'node:util'
import { type Outcome, type RunSettings, runSeed } from './run.ts'

const exitCodes = { crash: 2, safety: 3, liveness: 4 } as const

process.exitCode = main(process.argv.slice(2))

function main(args: string[]): number {
  const options = optionsOf(args)
  if (options === undefined) return 1
  const { first, count, settings, trace } = options
  const began = performance.now()
  let failed: Outcome[] = []
  let virtualMs = 0
  for (let seed = first; seed < first + count; seed++) {
    const outcome = runSeed({ ...settings, seed, ...(trace ? { listener: (line: string) => console.log(line) } : {}) })
    virtualMs += outcome.virtualMs
    if (outcome.failure === undefined) continue
    failed = [...failed, outcome]
    console.log(`seed ${seed}: ${outcome.failure.kind}: ${outcome.failure.text}`)
  }
  const seconds = (performance.now() - began) / 1000
  console.log(
    `${count} seeds, ${failed.length} failed; ${(count / seconds).toFixed(1)} seeds/s, ${(virtualMs / 1000 / seconds).toFixed(0)} virtual seconds a second`
  )
  const worst = gravest(failed)
  if (worst?.failure === undefined) return 0
  const given = args.filter(
    (arg, at) => arg !== '--trace' && !/^--seeds?(=|$)/.test(arg) && !/^--seeds?$/.test(args[at - 1] ?? '')
  )
  console.log(
    ['node --conditions=@pinmesh/source packages/sim/src/main.ts', `--seed ${worst.seed}`, ...given].join(' ')
  )
  return exitCodes[worst.failure.kind]
}

function gravest(failed: readonly Outcome[]): Outcome | undefined {
  for (const kind of ['crash', 'safety', 'liveness'] as const) {
    const one = failed.find((outcome) => outcome.failure?.kind === kind)
    if (one !== undefined) return one
  }
  return undefined
}

function optionsOf(
  args: string[]
): { first: number; count: number; trace: boolean; settings: Omit<RunSettings, 'seed'> } | undefined {
  const text = { type: 'string' } as const
  try {
    const { values } = parseArgs({
      args,
      options: {
        seed: text,
        seeds: text,
        peers: text,
        writers: text,
        volunteers: text,
        storm: text,
        'no-gossip': { type: 'boolean' },
        trace: { type: 'boolean' }
      }
    })
    const whole = (value: string | undefined): number | undefined => {
      if (value === undefined) return undefined
      if (!/^\d+$/.test(value)) throw new Error(`not a whole number: ${value}`)
      return Number(value)
    }
    const peers = whole(values.peers)
    const writers = whole(values.writers)
    const volunteers = whole(values.volunteers)
    const storm = whole(values.storm)
    return {
      first: whole(values.seed) ?? 1,
      count: whole(values.seeds) ?? 1,
      trace: values.trace === true,
      settings: {
        ...(peers === undefined ? {} : { peers }),
        ...(writers === undefined ? {} : { writers }),
        ...(volunteers === undefined ? {} : { volunteers }),
        ...(values['no-gossip'] === true ? { gossip: false } : {}),
        ...(storm === undefined ? {} : { stormMs: storm * 1000 })
      }
    }
  } catch (error) {
    console.log((error as Error).message)
    console.log(
      'usage: main.ts [--seed n] [--seeds n] [--peers n] [--writers n] [--volunteers n] [--no-gossip] [--storm seconds] [--trace]'
    )
    return undefined
  }
}
