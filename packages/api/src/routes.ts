// The routes that answer with one object. Each reads its request, asks the peer and answers; a thrown error becomes a
// status and a body in one place (server.ts). Streams are in stream-routes.ts.

import type { FastifyInstance } from 'fastify'
import type { MeshError, MeshNode } from './mesh.ts'
import type { OpenRequests } from './open-requests.ts'
import { problemOf } from './problem.ts'
import { batchBytesMax, readCid, readPeer, readPins, readUnpin, readYes } from './requests.ts'

interface Cid {
  Params: { cid: string }
}

export function addRoutes(app: FastifyInstance, node: MeshNode, open: OpenRequests, stop: () => void): void {
  app.get('/id', async () => node.info())
  app.get('/peers', async () => ({ peers: node.peers() }))

  app.post('/pins', { bodyLimit: batchBytesMax }, async (request, reply) => {
    const { requests, many } = readPins(request.body)
    const answers = await node.pin(requests, open.signal(reply.raw))
    return many ? { pins: answers.map(wireOf) } : single(answers)
  })

  app.delete<Cid>('/pins/:cid', async (request, reply) => {
    const yes = readYes(request.query)
    return single(await node.unpin([readCid(request.params.cid)], { yes, signal: open.signal(reply.raw) }))
  })

  app.post('/unpin', { bodyLimit: batchBytesMax }, async (request, reply) => {
    const { cids, yes } = readUnpin(request.body)
    const answers = await node.unpin(cids, { yes, signal: open.signal(reply.raw) })
    return { cids: answers.map(wireOf) }
  })

  app.post('/writers', async (request) => node.addWriter(readPeer(request.body)))

  app.post('/vouch', async (request) => {
    await node.vouch(readPeer(request.body))
    return {}
  })

  app.post('/stop', async (request, reply) => {
    reply.raw.once('close', stop)
    reply.header('connection', 'close')
    await node.stop()
    return {}
  })
}

type Answer = { cid: string } | { cid: string; error: MeshError }

function single(answers: readonly Answer[]): object {
  const answer = answers[0]!
  if ('error' in answer) throw answer.error
  return answer
}

function wireOf(answer: Answer): object {
  return 'error' in answer ? { cid: answer.cid, error: problemOf(answer.error) } : answer
}
