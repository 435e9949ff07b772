// `npm run demo`: the main job of pinmesh on real processes of this machine. Four peers found a mesh, a folder is kept
// three times, one holder is killed without warning, another peer takes over, and the bytes come back through it,
// compared with what went in. It ends by itself; exit code 0 means that every stage came in its time.

import { join } from 'node:path'
import { sameTree, writeTree } from '../test/kit/files.ts'
import { Lab } from '../test/kit/lab.ts'
import type { PeerProcess } from '../test/kit/peer.ts'
import { until } from '../test/kit/until.ts'
import { Board, seconds } from './demo-board.ts'

const treeBytes = 20_000_000
const copies = 3
const names = ['anna', 'bela', 'cleo', 'dora'] as const
/** Room for a slow machine; each takes a fraction of this on an ordinary one. */
const copyMs = 60_000
const detectMs = 45_000
const repairMs = 60_000

async function main(lab: Lab, board: Board): Promise<void> {
  board.say('Founding a mesh and starting four peers, each a process of its own…')
  const peers = await lab.mesh(names)
  const founder = peers[0] as PeerProcess
  board.show(names, peers)
  board.say(`All four see one another. Mesh ${founder.mesh}`)

  const source = join(lab.folder, 'source')
  const bytes = writeTree(source, treeBytes)
  const addedAt = performance.now()
  const [added] = await founder.run(['add', source, '-r', String(copies)])
  const cid = String(added?.cid)
  board.follow(cid)
  board.say(`Added ${(bytes / 1e6).toFixed(1)} MB, wanted ${copies} times: ${cid}`)
  const holders = await until(`${copies} copies of the folder`, copyMs, async () => {
    const { have, peers: said } = await board.look()
    const duties = said.filter(({ state, target }) => state === 'held' && target).map(({ peer }) => peer)
    return have >= copies && duties.length >= copies && duties
  })
  const copyTook = performance.now() - addedAt
  board.say(`${copies} copies after ${seconds(copyTook)}.`)

  const victim = peers.find(({ peer }) => peer !== founder.peer && holders.includes(peer)) as PeerProcess
  board.say(`Killing ${board.nameOf(victim.peer)} (process ${victim.pid}) with SIGKILL…`)
  await victim.kill()
  board.killed(victim.peer)
  const killedAt = performance.now()
  await until(`${board.nameOf(victim.peer)} seen to be down`, detectMs, async () => {
    await board.look()
    return (await founder.knows(victim.peer))?.state === 'down'
  })
  const detectTook = performance.now() - killedAt
  board.say(`Its silence was noticed after ${seconds(detectTook)}.`)
  const heir = await until('a new holder', repairMs, async () => {
    await board.look()
    const now = (await founder.holders(cid)).filter((peer) => peer !== victim.peer)
    const heirs = peers.filter(({ peer }) => now.includes(peer) && !holders.includes(peer))
    return now.length >= copies && heirs[0]
  })
  const repairTook = performance.now() - killedAt - detectTook
  board.say(`${board.nameOf(heir.peer)} took over ${seconds(repairTook)} later: ${copies} copies again.`)

  const back = join(lab.folder, 'back')
  await heir.run(['get', cid, '-o', back, '--timeout', '60s'])
  const files = sameTree(source, back)
  board.say(`Read back through ${board.nameOf(heir.peer)}: ${files} files, every byte the same.`)

  await Promise.all(peers.filter((peer) => peer !== victim).map(async (peer) => peer.stop()))
  board.end()
  console.log(
    [
      '',
      'Summary',
      `  ${(bytes / 1e6).toFixed(1)} MB in ${files} files, ${copies} copies on ${names.length} peers`,
      `  first copies   ${seconds(copyTook)}`,
      `  loss noticed   ${seconds(detectTook)} after SIGKILL`,
      `  copied again   ${seconds(repairTook)} after that`,
      '  read back and compared: identical'
    ].join('\n')
  )
}

const lab = new Lab('demo')
const board = new Board()
try {
  await main(lab, board)
} catch (error) {
  board.end()
  console.error(`\nThe demo failed. ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  await lab.close()
}
