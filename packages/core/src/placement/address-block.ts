/*
 * Which part of the internet an address belongs to. Peers of one block probably share a roof or an owner, so copies are spread
 * over blocks and one block may bring only so many volunteers. Only addresses that are routed publicly count: everybody has a
 * 192.168.1.2.
 */

/** The block of the first public IP address among these multiaddrs, as text; undefined without one. */
export function blockOf(addresses: readonly string[], bits4: number, bits6: number): string | undefined {
  for (const address of addresses) {
    const [, protocol, host] = address.split('/')
    if (host === undefined) continue
    const four = protocol === 'ip4' ? parse4(host) : undefined
    if (four !== undefined && isPublic4(four)) return `4:${prefix(four, 8, bits4)}`
    const six = protocol === 'ip6' ? parse6(host) : undefined
    if (six !== undefined && isPublic6(six)) return `6:${prefix(six, 16, bits6)}`
  }
  return undefined
}

/** The first `bits` of these groups of `width` bits; whole groups and the high part of one more. */
function prefix(groups: readonly number[], width: number, bits: number): string {
  return groups
    .map((group, i) => group >> Math.min(width, Math.max(0, (i + 1) * width - bits)))
    .slice(0, Math.ceil(bits / width))
    .join('.')
}

function parse4(text: string): number[] | undefined {
  const groups = text.split('.')
  if (groups.length !== 4 || !groups.every((group) => /^\d{1,3}$/.test(group) && Number(group) < 256)) return undefined
  return groups.map(Number)
}

function parse6(text: string): number[] | undefined {
  const halves = text.split('%')[0]?.split('::') ?? []
  if (halves.length > 2) return undefined
  const [before, after] = halves.map((half) => (half === '' ? [] : half.split(':')))
  if (before === undefined) return undefined
  const missing = 8 - before.length - (after?.length ?? 0)
  if (after === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...before, ...Array.from({ length: missing }, () => '0'), ...(after ?? [])]
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined
  return groups.map((group) => parseInt(group, 16))
}

/** Not: this network, private, carrier NAT, loopback, link local, benchmarks, multicast, reserved. */
function isPublic4(groups: readonly number[]): boolean {
  const [a, b] = groups as [number, number]
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false
  if (a === 100) return b < 64 || b > 127
  if (a === 172) return b < 16 || b > 31
  if (a === 198) return b !== 18 && b !== 19
  return !(a === 192 && b === 168) && !(a === 169 && b === 254)
}

/** 2000::/3 is all that is routed. */
function isPublic6(groups: readonly number[]): boolean {
  return (groups[0] as number) >> 13 === 1
}
