// A process of its own that acquires, to be killed in the middle: folder, addresses of the source (JSON), its id, CID.

import { multiaddr } from '@multiformats/multiaddr'
import { createHeliaContent } from '../src/index.ts'
import { createNode, options } from './nodes.ts'

const [path = '', addresses = '[]', source = '', cid = ''] = process.argv.slice(2)
const libp2p = await createNode()
const content = createHeliaContent({ path, libp2p, isMember: () => true })
await content.start()
const small = await content.add([new Uint8Array([1, 2, 3])])
const large = await content.add([new Uint8Array(3 << 20).fill(7)])
process.send?.({ small: small.cid, large: large.cid })
await libp2p.dial((JSON.parse(addresses) as string[]).map((address) => multiaddr(address)))
await content.acquire(cid, options([source]))
