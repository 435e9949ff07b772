// @pinmesh/cli: the mesh command as a function, for programs that bring their own streams, and its list of commands.
//
//   process.exitCode = await run(process.argv.slice(2), world)

export { createProgram } from './program.ts'
export type { Act } from './program.ts'
export { run } from './run.ts'
export { Interrupted } from './failure.ts'
export type { Exit } from './failure.ts'
export type { NodeDoor } from './node-door.ts'
export type { World } from './world.ts'
