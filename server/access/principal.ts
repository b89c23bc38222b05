import type { Actor, Role, Scope } from '@shared/contract'

interface Credentialed {
  id: string
  name: string
  displayName: string
  credentialId: string
  /** Aborted when the credential is revoked or expires: open streams end with it. */
  revoked: AbortSignal
}

export interface UserPrincipal extends Credentialed {
  kind: 'user'
  role: Role
  /** What an API token may do; a browser session has no limit besides its user's role. */
  scopes: ReadonlySet<Scope> | null
  /** Of a browser session: what mutating requests have to repeat in a header. */
  csrf: string | null
}

export interface AgentPrincipal extends Credentialed {
  kind: 'agent'
}

export interface ComputerPrincipal extends Credentialed {
  kind: 'computer'
}

/** Somebody or something elsewhere that writes into one channel through an endpoint. */
export interface EndpointPrincipal extends Credentialed {
  kind: 'endpoint'
  /** The only channel that it may write in; null while nothing may come in. */
  channelId: string | null
}

/** A caller without a credential. */
export interface Guest {
  kind: 'guest'
}

/** Whom a request stands for. Made from the credential alone, never from what a request says about itself. */
export type Principal = UserPrincipal | AgentPrincipal | ComputerPrincipal | EndpointPrincipal | Guest

/** The server itself, for what happens by rule. */
export const SYSTEM: Actor = { kind: 'system', id: 'system', name: 'nekode', displayName: 'Nekode' }

/** How a principal appears as the author of something. */
export function actorOf(p: Principal): Actor {
  switch (p.kind) {
    case 'user':
      return { kind: 'human', id: p.id, name: p.name, displayName: p.displayName }
    case 'agent':
      return { kind: 'agent', id: p.id, name: p.name, displayName: p.displayName }
    case 'computer':
      return { kind: 'daemon', id: p.id, name: p.name, displayName: p.displayName }
    case 'endpoint':
      return { kind: 'endpoint', id: p.id, name: p.name, displayName: p.displayName }
    case 'guest':
      return SYSTEM
  }
}

export const isAdmin = (p: Principal): boolean => p.kind === 'user' && (p.role === 'owner' || p.role === 'admin')

/** Whether the credential is good for a scope: an API token for those that it was made for, anything else for all. */
export const hasScope = (p: Principal, scope: Scope): boolean =>
  p.kind !== 'user' || p.scopes === null || p.scopes.has(scope) || p.scopes.has('admin')

/** An admin, with a credential that is good for what only admins may do. */
export const administers = (p: Principal): boolean => isAdmin(p) && hasScope(p, 'admin')
