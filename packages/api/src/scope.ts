// What a token is good for. Every route says the least that it asks for (`app.get('/id', scope.read, …)`); one that says
// nothing is for admins, so that a route which forgets it is closed, not open.

export const scopes = ['read', 'pin', 'admin'] as const

/** read: look at everything · pin: also change the pinset and add content · admin: also drive and stop the peer. */
export type Scope = (typeof scopes)[number]

declare module 'fastify' {
  interface FastifyContextConfig {
    scope?: Scope
  }
}

/** Route options, to be spread where a route has others besides. */
export const scope: { readonly [S in Scope]: { readonly config: { readonly scope: S } } } = {
  read: { config: { scope: 'read' } },
  pin: { config: { scope: 'pin' } },
  admin: { config: { scope: 'admin' } }
}

export function covers(has: Scope, wanted: Scope): boolean {
  return scopes.indexOf(has) >= scopes.indexOf(wanted)
}

export function isScope(value: unknown): value is Scope {
  return scopes.some((one) => one === value)
}
