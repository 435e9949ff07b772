// The requests under way, each with the signal that its work runs under: aborted when the client hangs up, or when the
// server stops. Streams without an end of their own are told at once that it stops, the others after its grace.

import type { ServerResponse } from 'node:http'
import { MeshError } from './mesh.ts'

export class OpenRequests {
  readonly #open = new Map<AbortController, { endless: boolean }>()
  #stopping = false

  /** A signal that lives as long as the answer. */
  signal(response: ServerResponse, endless = false): AbortSignal {
    const controller = new AbortController()
    this.#open.set(controller, { endless })
    response.once('close', () => {
      this.#open.delete(controller)
      if (!response.writableFinished) controller.abort()
    })
    if (endless && this.#stopping) controller.abort(stopping())
    return controller.signal
  }

  /** From now on endless requests end at once. */
  abortEndless(): void {
    this.#stopping = true
    for (const [controller, { endless }] of this.#open) if (endless) controller.abort(stopping())
  }

  abortAll(): void {
    for (const controller of this.#open.keys()) controller.abort(stopping())
  }
}

function stopping(): MeshError {
  return new MeshError('MESH_STOPPING', 'The peer is stopping.', { remedy: 'Start it again, then repeat the command.' })
}
