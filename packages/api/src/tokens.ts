// The tokens that an operator gives away: each with a name, a scope and perhaps an end. The file holds hashes, so whoever
// reads it cannot use it; a token is shown once, when it is made. The file may be changed by the command line while a
// peer runs on it: a change is seen at the next request.

import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { replaceFile } from '@pinmesh/node/replace-file'
import { type CallOptions, MeshError } from './mesh.ts'
import { isScope, type Scope } from './scope.ts'

export interface TokenInfo {
  name: string
  scope: Scope
  /** Wall clock, ms. */
  createdAt: number
  /** Wall clock, ms; without, it lasts until it is removed. */
  expiresAt?: number
}

export interface TokenRequest {
  name: string
  scope: Scope
  expiresInMs?: number
}

/** Tokens of a peer, here or elsewhere. */
export interface MeshTokens {
  ls(options?: CallOptions): Promise<TokenInfo[]>
  /** The only time that the token itself is seen. MESH_TOKEN_TAKEN: another of that name is valid. */
  make(request: TokenRequest, options?: CallOptions): Promise<TokenInfo & { token: string }>
  /** It ends at once. MESH_TOKEN_UNKNOWN. */
  rm(name: string, options?: CallOptions): Promise<void>
}

interface Stored extends TokenInfo {
  /** SHA-256 of the token, hex. */
  hash: string
}

export const tokenNameForm: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const tokensMax = 1000
const fileBytesMax: number = 1 << 20
const tokenBytes = 32

export class Tokens implements MeshTokens {
  readonly #file: string
  #turn: Promise<unknown> = Promise.resolve()
  /** What `check` read last, by hash, and which state of the file that was. */
  #known: { mark: string; byHash: ReadonlyMap<string, Stored> } = { mark: '', byHash: new Map() }

  constructor(file: string) {
    this.#file = file
  }

  async ls(): Promise<TokenInfo[]> {
    return (await this.#read()).map(infoOf)
  }

  async make({ name, scope, expiresInMs }: TokenRequest): Promise<TokenInfo & { token: string }> {
    return this.#inTurn(async () => {
      const now = Date.now()
      const others = (await this.#read()).filter((one) => !isOver(one, now))
      if (others.some((one) => one.name === name)) throw taken(name)
      if (others.length >= tokensMax) throw full()
      const token = randomBytes(tokenBytes).toString('base64url')
      const info: TokenInfo = {
        name,
        scope,
        createdAt: now,
        ...(expiresInMs === undefined ? {} : { expiresAt: now + expiresInMs })
      }
      await this.#write([...others, { ...info, hash: hashOf(token) }])
      return { ...info, token }
    })
  }

  async rm(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const all = await this.#read()
      const others = all.filter((one) => one.name !== name)
      if (others.length === all.length) throw unknown(name)
      await this.#write(others)
    })
  }

  /** At the door: synchronous, and cheap while the file stays as it is. A file that cannot be read has no tokens. */
  check(token: string): TokenInfo | undefined {
    const mark = markOf(this.#file)
    if (mark !== this.#known.mark) this.#known = { mark, byHash: byHash(this.#file) }
    return this.#known.byHash.get(hashOf(token))
  }

  async #read(): Promise<Stored[]> {
    let text: string
    try {
      text = await readFile(this.#file, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw damaged(this.#file, error)
    }
    return parse(text, this.#file)
  }

  async #write(tokens: readonly Stored[]): Promise<void> {
    await replaceFile(this.#file, `${JSON.stringify({ version: 1, tokens }, undefined, 2)}\n`, 0o600)
  }

  /** One change after the other. */
  async #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(change, change)
    this.#turn = turn
    return turn
  }
}

export function isOver({ expiresAt }: TokenInfo, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

function infoOf({ name, scope, createdAt, expiresAt }: Stored): TokenInfo {
  return { name, scope, createdAt, ...(expiresAt === undefined ? {} : { expiresAt }) }
}

/** Changes whenever the file does: it is replaced whole, so it has another inode. */
function markOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true })
  return found === undefined ? '' : `${found.ino} ${found.mtimeNs} ${found.size}`
}

function byHash(file: string): ReadonlyMap<string, Stored> {
  try {
    return new Map(parse(readFileSync(file, 'utf8'), file).map((one) => [one.hash, one]))
  } catch {
    return new Map()
  }
}

function parse(text: string, file: string): Stored[] {
  try {
    if (text.length > fileBytesMax) throw new Error('too large')
    const { version, tokens } = JSON.parse(text) as { version?: unknown; tokens?: unknown }
    if (version !== 1 || !Array.isArray(tokens) || !tokens.every(isStored)) throw new Error('not tokens')
    return tokens
  } catch (error) {
    throw damaged(file, error)
  }
}

function isStored(value: unknown): value is Stored {
  if (typeof value !== 'object' || value === null) return false
  const { name, scope, createdAt, expiresAt, hash } = value as Partial<Record<keyof Stored, unknown>>
  return (
    typeof name === 'string' &&
    tokenNameForm.test(name) &&
    isScope(scope) &&
    Number.isSafeInteger(createdAt) &&
    (expiresAt === undefined || Number.isSafeInteger(expiresAt)) &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash)
  )
}

function damaged(file: string, cause: unknown): MeshError {
  return new MeshError('MESH_HOME_DAMAGED', `The file ${file} does not hold tokens.`, {
    remedy: 'Remove it and make new ones with `mesh token new`: the old ones end.',
    cause
  })
}

function taken(name: string): MeshError {
  const remedy = 'Choose another name, or end that one with `mesh token rm`.'
  return new MeshError('MESH_TOKEN_TAKEN', `There is a token called ${name} already.`, { remedy })
}

function unknown(name: string): MeshError {
  const remedy = 'See `mesh token ls` for those that there are.'
  return new MeshError('MESH_TOKEN_UNKNOWN', `There is no token called ${name}.`, { remedy })
}

function full(): MeshError {
  const remedy = 'End some with `mesh token rm`.'
  return new MeshError('MESH_TOKENS_FULL', `There are ${tokensMax} tokens already.`, { remedy })
}
