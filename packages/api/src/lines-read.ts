// Groups of lines, as they come from the socket, one by one.

export async function* flat<T>(groups: AsyncIterable<T[]>): AsyncGenerator<T, void, undefined> {
  for await (const group of groups) yield* group
}
