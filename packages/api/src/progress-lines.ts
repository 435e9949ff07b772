// Lines of progress, then one that is the result.

import { MeshError } from './mesh.ts'

/** MESH_API_GONE where the result does not come. */
export async function resultOf<T extends object>(
  lines: AsyncIterable<object[]>,
  onProgress: (progress: number) => void
): Promise<T> {
  let result: T | undefined
  for await (const some of lines) {
    for (const line of some) {
      if ('progress' in line) onProgress(Number(line.progress))
      else result = line as T
    }
  }
  if (result !== undefined) return result
  throw new MeshError('MESH_API_GONE', 'The peer hung up in the middle.', { exit: 3 })
}
