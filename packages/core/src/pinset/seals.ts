/**
 * Seals whose signature was checked, so that the other entries of a commit cost none, and the nodes of their trees that are known
 * to lie under their roots: a path has to be walked only up to the first of these, which is two hashes for most entries of a
 * commit instead of one for each level. Equal seals are one object, since thousands of entries name the same one.
 */
import { equalBytes } from '../bytes/compare.ts'
import type { Crypto } from '../crypto.ts'
import { leafHash, merkleDepth, nodeHash } from '../formats/merkle.ts'
import type { Seal } from '../formats/seal.ts'
import type { Proof } from '../formats/stored.ts'
import { Front } from '../loop/front.ts'

/** Verified seals remembered; with their nodes 2 KB each on average, 4 KB at most. */
const goodSealsMax = 2048
const hashBytes = 32

interface Good {
  readonly seal: Seal
  readonly nodes: Nodes
}

export class Seals {
  readonly #crypto: Crypto
  readonly #good = new Map<string, Good>()
  readonly #oldest = new Front(this.#good)

  constructor(crypto: Crypto) {
    this.#crypto = crypto
  }

  /** The same seal as it is remembered, if it was found good. */
  good(seal: Seal): Seal | undefined {
    return this.#find(seal)?.seal
  }

  /** Remembers a seal whose signature is its writer's. */
  add(seal: Seal): Seal {
    const { writer, commit, n } = seal
    const own: Seal = {
      writer,
      commit,
      prevCommit: seal.prevCommit.slice(),
      n,
      root: seal.root.slice(),
      sig: seal.sig.slice()
    }
    this.#good.set(nameOf(seal), { seal: own, nodes: new Nodes(n) })
    if (this.#good.size > goodSealsMax) this.#good.delete(this.#oldest.next() as string)
    return own
  }

  /** Does the proof lead from this entry's hash to the root of its seal, which was found good? */
  covers(hash: Uint8Array, { seal, index, path }: Proof): boolean {
    const good = this.#find(seal)
    if (good === undefined) throw new Error('a path is walked under a seal that nobody has checked')
    if (!(index >= 0 && index < seal.n) || path.length !== merkleDepth(index, seal.n)) return false
    const { nodes } = good
    const met: [node: number, sum: Uint8Array][] = []
    let sum: Uint8Array | undefined = leafHash(hash, this.#crypto)
    let first = 0
    let beside = 0
    for (let at = index, last = seal.n - 1; last > 0; at >>= 1, last >>= 1) {
      const node = first + at
      if (sum !== undefined && nodes.has(node)) {
        if (!nodes.equals(node, sum)) return false
        sum = undefined // known from here on, and so is all that the rest of the path may say
      }
      // A node without a right neighbour rises unhashed.
      const alone = at === last && at % 2 === 0
      const other = alone ? undefined : (path[beside++] as Uint8Array)
      const sibling = at % 2 === 1 ? node - 1 : node + 1
      if (sum === undefined) {
        if (other !== undefined && !nodes.equals(sibling, other)) return false
      } else {
        met.push([node, sum])
        if (other !== undefined) {
          met.push([sibling, other])
          sum = at % 2 === 1 ? nodeHash(other, sum, this.#crypto) : nodeHash(sum, other, this.#crypto)
        }
      }
      first += last + 1
    }
    if (sum !== undefined && !equalBytes(sum, seal.root)) return false
    for (const [node, bytes] of met) nodes.set(node, bytes)
    return true
  }

  /** A seal that differs anywhere is another. */
  #find(seal: Seal): Good | undefined {
    const good = this.#good.get(nameOf(seal))
    if (good === undefined || good.seal === seal) return good
    const known = good.seal
    const same =
      known.writer === seal.writer &&
      known.commit === seal.commit &&
      known.n === seal.n &&
      equalBytes(known.sig, seal.sig) &&
      equalBytes(known.root, seal.root) &&
      equalBytes(known.prevCommit, seal.prevCommit)
    return same ? good : undefined
  }
}

/** Two good seals of one name are a writer's two histories: the one seen last is remembered. */
function nameOf({ writer, commit }: Seal): string {
  return `${writer}/${commit}`
}

/** Known nodes of one tree, by their place: level upon level, each from the left. */
class Nodes {
  readonly #known: Uint8Array
  readonly #sums: Uint8Array

  constructor(leaves: number) {
    let count = 0
    for (let last = leaves - 1; last > 0; last >>= 1) count += last + 1
    this.#known = new Uint8Array(count)
    this.#sums = new Uint8Array(count * hashBytes)
  }

  has(node: number): boolean {
    return this.#known[node] === 1
  }

  equals(node: number, sum: Uint8Array): boolean {
    return this.has(node) && equalBytes(this.#sums.subarray(node * hashBytes, (node + 1) * hashBytes), sum)
  }

  set(node: number, sum: Uint8Array): void {
    this.#known[node] = 1
    this.#sums.set(sum, node * hashBytes)
  }
}
