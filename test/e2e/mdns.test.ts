// Peers of one mesh that have both moved to addresses which nobody was told find each other on the local network, by mDNS
// alone: whatever they remember of one another leads nowhere.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Lab } from '../kit/lab.ts'
import { Namespaces, namespacesMissing } from '../kit/namespaces.ts'

const lab = new Lab('mdns')
const net = new Namespaces()

after(async () => {
  await lab.close()
  net.close()
})

test('peers that both moved find each other by mDNS', { skip: namespacesMissing() }, async () => {
  const first = await lab.found('a', { host: await net.host() })
  const second = await lab.join('b', first, { host: await net.host() })
  await lab.meet([first, second])
  await second.stop()
  await first.stop()
  const flags = ['--mdns']
  const a = await lab.start('a', { host: await net.host(), flags })
  const b = await lab.start('b', { host: await net.host(), flags })
  assert.ok([...a.addresses, ...b.addresses].every((one) => ![...first.addresses, ...second.addresses].includes(one)))
  await lab.meet([a, b])
})
