// The embedded content against the contract, on real nodes and a real disk.

import { contract } from '../src/contract.ts'
import { connect, Lab } from './nodes.ts'

contract('embedded', async () => {
  const lab = new Lab()
  const here = await lab.peer()
  const there = await lab.peer()
  await connect(here.libp2p, there.libp2p)
  return { here: here.content, there: there.content, therePeer: there.id, clean: () => lab.end() }
})
