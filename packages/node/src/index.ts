/**
 * @pinmesh/node: a peer as a library. The command line and the HTTP API are built on exactly this:
 *
 *     await initHome({ home: '/srv/mesh', open: true })
 *     const node = await createNode({ home: '/srv/mesh' })
 *     const [answer] = await node.pins.add([{ cid: 'bafy…', replicas: 3 }])
 *     await node.stop()
 */
export { keepSpace, keptKubo, keptSpace } from './home-space.ts'
export { inspectBackEnd, inspectHome } from './inspect-home.ts'
export { initHome, type InitSettings, joinHome, type JoinSettings } from './join.ts'
export { exportRoot, importRoot } from './root-file.ts'
export { createNode } from './start.ts'
export { listenDefault, type NodeInit, type NodeSettings, version } from './settings.ts'
export { MeshError } from './mesh-error.ts'
export type * from './mesh-call.ts'
export type * from './mesh-content.ts'
export type * from './mesh-leave.ts'
export type * from './mesh-node.ts'
export type * from './mesh-pins.ts'
export type * from './mesh-trust.ts'
