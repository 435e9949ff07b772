/*
 * −log2(u / 2^64) as an integer, Q16.48: the fixed-point logarithm of weighted rendezvous hashing. Floats would do, but
 * Math.log2 may differ between engines in its last bit, and two peers that differ in one bit order a bucket differently.
 *
 * Definition. Let u be at least 2^32 (smaller ones, one in four billion, count as 2^32: so every result and every step stays
 * below 2^53 and a double holds it exactly). Let e be the place of its highest one (32..63), i the 11 bits below it, f the
 * 15 bits below these, T[i] = floor(log2(1 + i/2048) × 2^48). Then log2(u) = e × 2^48 + T[i] + floor((T[i+1] − T[i]) × f / 2^15),
 * and the result is 64 × 2^48 less that. Both functions below compute just this; golden vectors hold them still.
 */

const fractionBits = 48n
const one: number = 2 ** 48
const indexBits = 11
const stepBits = 15
const entries: number = 2 ** indexBits
const stepMask: number = 2 ** stepBits - 1
const stepSize: number = 2 ** stepBits

const table: Float64Array = logTable()

/** By 64-bit integers. `u`: 0 .. 2^64 − 1. Returns 0 < result ≤ 2^53. */
export function negLog2(u: bigint): bigint {
  const bounded = u < 1n << 32n ? 1n << 32n : u
  return BigInt(negLog2Of(Number(bounded >> 32n), Number(bounded & 0xffffffffn)))
}

/** The same of u = high × 2^32 + low, both unsigned 32-bit; the result is a whole number. */
export function negLog2Of(high: number, low: number): number {
  if (high === 0) return 32 * one
  const zeros = Math.clz32(high)
  // The highest one and the 31 bits below it.
  const top = zeros === 0 ? high : (high << zeros) | (low >>> (32 - zeros))
  const i = (top >>> (31 - indexBits)) & (entries - 1)
  const f = (top >>> (31 - indexBits - stepBits)) & stepMask
  const from = table[i] as number
  const step = Math.floor((((table[i + 1] as number) - from) * f) / stepSize)
  return (zeros + 1) * one - from - step
}

/** T[0..2048]. ln((n+1)/n) = 2 (x + x³/3 + x⁵/5 + …) with x = 1/(2n+1); ln 2 is what they sum up to. */
function logTable(): Float64Array {
  const guard = 112n
  const sums = [0n]
  for (let n = BigInt(entries); n < 2 * entries; n++) {
    const x = 2n * n + 1n
    let power = (1n << guard) / x
    let sum = 0n
    for (let k = 1n; power > 0n; k += 2n) {
      sum += power / k
      power /= x * x
    }
    sums.push((sums.at(-1) as bigint) + sum)
  }
  const whole = sums.at(-1) as bigint
  return Float64Array.from(sums, (sum) => Number((sum << fractionBits) / whole))
}
