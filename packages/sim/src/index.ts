/**
 * @pinmesh/sim: a deterministic mesh around the core. `runSeed` runs one seed from founding through a storm into calm weather:
 *
 *     const { failure, hash } = runSeed({ seed: 7 })
 *
 * `World` with `Client` and `Judge` is for scenarios that are told step by step.
 */
export { Client, type PinOptions } from './client.ts'
export { fairWeather, type Weather } from './network.ts'
export { CrashError, LivenessError, SafetyError } from './failures.ts'
export { Judge, nameOf } from './judge.ts'
export { SimPeer } from './peer.ts'
export { SimRandom } from './random.ts'
export { calmMaxMs, type Outcome, runSeed, type RunSettings } from './run.ts'
export { World, type WorldSettings } from './world.ts'
