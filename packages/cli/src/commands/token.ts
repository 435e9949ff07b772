// mesh token: makes, lists and ends the tokens that others use. It asks the peer, or changes the file itself while no peer
// runs; the home's own token (api.token) is not among them.

import type { MeshTokens } from '@pinmesh/api/client'
import { Tokens } from '@pinmesh/api/tokens'
import type { TokenInfo } from '@pinmesh/api/client'
import type { Exit } from '../failure.ts'
import { tokensFileOf } from '../home.ts'
import { badValue } from '../parse/refuse.ts'
import type { Session } from '../session.ts'
import { table } from '../text/table.ts'

interface TokenOptions {
  scope: 'read' | 'pin' | 'admin'
  /** ms */
  expireIn?: number
}

const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export async function newToken(session: Session, name: string, { scope, expireIn }: TokenOptions): Promise<Exit> {
  const request = { name: checked(name), scope, ...(expireIn === undefined ? {} : { expiresInMs: expireIn }) }
  const made = await onTokens(session, async (tokens) => tokens.make(request))
  await session.out.result(made, made.token)
  session.out.talk(`Keep it: it is shown this once, and is good for ${scope}${endText(made)}.`)
  return 0
}

export async function listTokens(session: Session): Promise<Exit> {
  const all = await onTokens(session, async (tokens) => tokens.ls())
  const now = Date.now()
  const rows = all.map((one) => [one.name, one.scope, `made ${dateText(one.createdAt)}`, expiryText(one, now)])
  const lines = table(rows)
  const texts = new Map(all.map((one, at) => [one, session.out.quiet ? one.name : lines[at]!]))
  await session.out.results(all, (one) => texts.get(one)!)
  return 0
}

export async function removeToken(session: Session, name: string): Promise<Exit> {
  checked(name)
  await onTokens(session, async (tokens) => tokens.rm(name))
  await session.out.result({ name, removed: true }, session.out.quiet ? name : `The token ${name} is no longer good.`)
  return 0
}

async function onTokens<T>(session: Session, work: (tokens: MeshTokens) => Promise<T>): Promise<T> {
  const alone = async (): Promise<T> => work(new Tokens(tokensFileOf(session.home)))
  return session.askOr(async (client) => work(client.tokens), alone)
}

function checked(name: string): string {
  if (nameForm.test(name)) return name
  throw badValue('a name for a token', name, 'Use 1 to 64 letters, digits, dots, underscores or dashes.')
}

function endText({ expiresAt }: TokenInfo): string {
  return expiresAt === undefined ? '' : ` until ${dateText(expiresAt)}`
}

function expiryText({ expiresAt }: TokenInfo, now: number): string {
  if (expiresAt === undefined) return ''
  return expiresAt <= now ? 'expired' : `until ${dateText(expiresAt)}`
}

function dateText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16)}Z`
}
