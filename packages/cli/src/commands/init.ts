// mesh init: founds a mesh in a home that has none. The root key is the mesh: whoever has it names writers, and nobody
// can replace it, so the person is told to back it up.

import { networkInterfaces } from 'node:os'
import type { Exit } from '../failure.ts'
import { portDefault } from '../listen-defaults.ts'
import type { Profile } from '../node-door.ts'
import type { Session } from '../session.ts'
import { bytesText } from '../text/bytes.ts'
import { table } from '../text/table.ts'

interface InitOptions {
  name?: string
  open?: boolean
  /** bytes */
  space?: number
  profile?: Profile
  kubo?: string
}

export async function init(session: Session, options: InitOptions): Promise<Exit> {
  session.hereOnly('init')
  const { name, open, space, profile, kubo } = options
  const { initHome } = await session.world.loadNode()
  const { mesh, peer, rootKeyFile, spaceBytes } = await initHome({
    home: session.home,
    signal: session.world.signal,
    open: open === true,
    ...(name === undefined ? {} : { name }),
    ...(space === undefined ? {} : { spaceBytes: space }),
    ...(profile === undefined ? {} : { profile }),
    ...(kubo === undefined ? {} : { kubo })
  })
  const join = `mesh join /ip4/${ownAddress(networkInterfaces())}/tcp/${portDefault}/p2p/${peer} --mesh ${mesh}`
  const { out } = session
  const lines = [
    ['mesh', mesh],
    ['peer', peer],
    ['space', bytesText(spaceBytes)],
    ['root key', rootKeyFile],
    ['join with', join]
  ]
  await out.result(
    { event: 'founded', mesh, peer, join, rootKey: rootKeyFile, spaceBytes },
    out.quiet ? mesh : table(lines).join('\n')
  )
  out.talk(`Back up ${rootKeyFile}: without it nobody can ever name another writer of this mesh.`)
  const next =
    open === true ? 'Others can join while it runs.' : 'Then mesh invite makes the word that another peer joins with.'
  out.talk(`Now run the peer: mesh start. ${next}`)
  return 0
}

type Interfaces = Readonly<
  Record<string, readonly { address: string; family: string; internal: boolean }[] | undefined>
>

/** The first IPv4 address that others may reach; loopback if there is none. */
export function ownAddress(interfaces: Interfaces): string {
  const all = Object.values(interfaces).flatMap((some) => some ?? [])
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
}
