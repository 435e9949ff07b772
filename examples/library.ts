// pinmesh as a library: two peers in one process found a mesh on loopback, keep a file twice, and read it back from each
// other. It ends by itself in seconds and leaves nothing behind:
//
//   node --conditions=@pinmesh/source examples/library.ts

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AddEntry, createNode, initHome, joinHome, type MeshNode } from '@pinmesh/node'

const listen = ['/ip4/127.0.0.1/tcp/0']
/** Whatever waits ends with it. */
const signal = AbortSignal.timeout(60_000)
const folder = await mkdtemp(join(tmpdir(), 'pinmesh-library-'))
const running: MeshNode[] = []

async function started(home: string): Promise<MeshNode> {
  const node = await createNode({ home, listen, signal })
  running.push(node)
  return node
}

async function* file(name: string, text: string): AsyncGenerator<AddEntry> {
  yield {
    path: name,
    content: (async function* () {
      yield new TextEncoder().encode(text)
    })()
  }
}

async function textOf(node: MeshNode, cid: string): Promise<string> {
  let text = ''
  for await (const { content } of node.content.get(cid, { signal })) {
    for await (const piece of content ?? []) text += new TextDecoder().decode(piece)
  }
  return text
}

try {
  const anna = join(folder, 'anna')
  const bela = join(folder, 'bela')
  await initHome({ home: anna, name: 'example', open: false, profile: 'test', spaceBytes: 1e8, signal })
  const founder = await started(anna)
  const { invite } = await founder.trust.invite({}, { signal })
  const { name } = await joinHome({ home: bela, invite, spaceBytes: 1e8, signal })
  const other = await started(bela)
  console.log(`Two peers are in the mesh "${name}".`)

  const pin = { replicas: 2, anyway: true }
  const { cid } = await founder.content.add(file('hello.txt', 'Hello, mesh!\n'), { wrap: false, pin, signal })
  for await (const { have, want } of founder.pins.waitFor(cid, 2, { signal })) {
    console.log(`${have} of ${want} copies of ${cid}`)
  }
  console.log(`The other peer says: ${(await textOf(other, cid)).trim()}`)
} finally {
  for (const node of running.reverse()) await node.stop()
  await rm(folder, { recursive: true, force: true })
}
