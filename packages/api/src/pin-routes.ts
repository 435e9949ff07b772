// Pins: asked for, ended, listed, waited for.

import type { FastifyInstance } from 'fastify'
import { readListQuery, readStatusQuery } from './list-queries.ts'
import type { MeshError, MeshPins } from './mesh.ts'
import type { OpenRequests } from './open-requests.ts'
import { problemOf } from './problem.ts'
import {
  batchBytesMax,
  readCid,
  readPins,
  readRetry,
  readUnpin,
  readUnpinQuery,
  readUpdate,
  readWait
} from './requests.ts'
import { scope } from './scope.ts'
import { sendLines } from './send-lines.ts'

interface Cid {
  Params: { cid: string }
}

export function addPinRoutes(app: FastifyInstance, pins: MeshPins, open: OpenRequests): void {
  app.post('/pins', { ...scope.pin, bodyLimit: batchBytesMax }, async (request, reply) => {
    const { requests, many } = readPins(request.body)
    const answers = await pins.add(requests, { signal: open.signal(reply.raw) })
    return many ? { pins: answers.map(wireOf) } : single(answers)
  })

  app.delete<Cid>('/pins/:cid', scope.pin, async (request, reply) => {
    const how = readUnpinQuery(request.query)
    return single(await pins.rm([readCid(request.params.cid)], { ...how, signal: open.signal(reply.raw) }))
  })

  app.post('/unpin', { ...scope.pin, bodyLimit: batchBytesMax }, async (request, reply) => {
    const { cids, how } = readUnpin(request.body)
    const answers = await pins.rm(cids, { ...how, signal: open.signal(reply.raw) })
    return { cids: answers.map(wireOf) }
  })

  app.post('/pins/update', scope.pin, (request, reply) => {
    const { old, cid, options } = readUpdate(request.body)
    const signal = open.signal(reply.raw, true)
    return sendLines(reply, signal, pins.update(old, cid, { ...options, signal }))
  })

  app.post('/retry', { ...scope.pin, bodyLimit: batchBytesMax }, (request, reply) => {
    const { cids, local } = readRetry(request.body)
    const signal = open.signal(reply.raw)
    return sendLines(reply, signal, wired(pins.retry(cids, { local, signal })))
  })

  app.get('/pins', scope.read, (request, reply) => {
    const signal = open.signal(reply.raw)
    return sendLines(reply, signal, pins.ls(readListQuery(request.query), { signal }))
  })

  app.get('/status', scope.read, (request, reply) => {
    const signal = open.signal(reply.raw)
    return sendLines(reply, signal, pins.statuses({ ...readStatusQuery(request.query), signal }))
  })

  app.get<Cid>('/pins/:cid', scope.read, async (request, reply) => {
    const cid = readCid(request.params.cid)
    const holders = readWait(request.query)
    if (holders === undefined) return pins.status(cid, { signal: open.signal(reply.raw) })
    const signal = open.signal(reply.raw, true)
    return sendLines(reply, signal, pins.waitFor(cid, holders, { signal }))
  })
}

export type Answer = { cid: string } | { cid: string; error: MeshError }

function single(answers: readonly Answer[]): object {
  const answer = answers[0]!
  if ('error' in answer) throw answer.error
  return answer
}

async function* wired(groups: AsyncIterable<Answer[]>): AsyncGenerator<object[], void, undefined> {
  for await (const group of groups) yield group.map(wireOf)
}

/** An answer as it is sent. */
export function wireOf(answer: Answer): object {
  return 'error' in answer ? { cid: answer.cid, error: problemOf(answer.error) } : answer
}
