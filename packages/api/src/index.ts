// @pinmesh/api: a running peer over HTTP, for the command line and other local programs.
//
//   const server = await createApiServer(node, { listen: { host: '127.0.0.1', port: 4720 }, tokenFile })
//   await server.start()
//   await server.stopped                                     // by server.stop(), or by a client's stop()
//
// The other end is @pinmesh/api/client, which loads neither fastify nor a peer.

export { createApiServer } from './server.ts'
export type { ApiInit, ApiServer } from './server.ts'
export type { ApiListen } from './listen.ts'
export { batchMax } from './fields.ts'
export { batchBytesMax, bodyBytesMax, cidCharsMax } from './requests.ts'
export { chunkBytesMax, frameType, headerBytesMax } from './frame-writer.ts'
export { pathCharsMax } from './frame-reader.ts'
