// Where a peer listens unless told: fixed ports, so that the join line of yesterday works tomorrow. TCP for peers,
// WebSockets for browsers and proxies; IPv6 only where the machine has it, since listening on it fails elsewhere.

import { networkInterfaces } from 'node:os'

export const portDefault = 4101
export const webSocketPortDefault = 4102

export function listenDefaults(hasIpv6: boolean = machineHasIpv6()): string[] {
  return ['/ip4/0.0.0.0', ...(hasIpv6 ? ['/ip6/::'] : [])].flatMap((place) => [
    `${place}/tcp/${portDefault}`,
    `${place}/tcp/${webSocketPortDefault}/ws`
  ])
}

function machineHasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((some) => some?.some(({ family }) => family === 'IPv6'))
}
