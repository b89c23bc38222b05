import { type HandlerContext, createContextKey } from '@connectrpc/connect'
import { NekodeError } from '@shared/errors'
import {
  type AgentPrincipal,
  type ComputerPrincipal,
  type Principal,
  type UserPrincipal,
  hasScope,
  isAdmin,
} from '../access/principal'
import { bearerOf } from '../http/authenticate'
import { peerKey } from '../listener/peer'
import type { Core } from '../core'
import { METHODS, type MethodName, type MethodRule } from './methods'

/** Whoever calls: never a guest. */
export type Caller = ComputerPrincipal | AgentPrincipal | UserPrincipal

const callerKey = createContextKey<Caller | undefined>(undefined, { description: 'the caller, by its credential' })

/** The address of whoever sent these headers over a connection with this other end. */
export type AddressOf = (headers: Headers, peer: () => string) => string

const addressKey = createContextKey<() => string>(() => '', { description: 'the address of the caller' })

const isMethod = (name: string): name is MethodName => Object.hasOwn(METHODS, name)

/** Recognises the caller and checks that this method is for them, before anything of the request is read. */
export async function admitCaller(
  context: HandlerContext,
  { credentials, limits }: Pick<Core, 'credentials' | 'limits'>,
  addressOf: AddressOf,
): Promise<void> {
  context.values.set(addressKey, () => addressOf(context.requestHeader, context.values.get(peerKey)))
  const principal = await recognise(context, credentials).catch((error: unknown) => {
    limits.admitGuest(addressIn(context))
    throw error
  })
  if (principal.kind !== 'guest') limits.admit(principal)
  const name = context.method.localName
  const rule = isMethod(name) ? METHODS[name] : undefined
  if (!rule) throw new NekodeError('unimplemented', `${context.method.name} is not known here.`)
  const caller = admitted(principal, rule)
  context.values.set(callerKey, caller)
}

async function recognise(context: HandlerContext, credentials: Core['credentials']): Promise<Principal> {
  const token = bearerOf(context.requestHeader.get('authorization'))
  if (token === undefined)
    throw new NekodeError('unauthenticated', 'This call has no credential.', {
      code: 'login_required',
      next: 'Send “Authorization: Bearer …” with the token of a computer, an agent or a person.',
    })
  return credentials.resolve(token)
}

/** The address that a call came from. */
export const addressIn = (context: HandlerContext): string => context.values.get(addressKey)()

function admitted(p: Principal, rule: MethodRule): Caller {
  if (p.kind === 'guest' || p.kind === 'endpoint' || !rule.who.includes(p.kind))
    throw new NekodeError('forbidden', `A token of this kind (${p.kind}) may not do this.`, { code: 'wrong_principal' })
  if (p.kind !== 'user') return p
  if (!hasScope(p, rule.scope))
    throw new NekodeError('forbidden', `This API token lacks the scope “${rule.scope}”.`, {
      code: 'scope_missing',
      next: 'Make a token with that scope in your settings.',
    })
  if (rule.role === 'admin' && !isAdmin(p))
    throw new NekodeError('forbidden', 'Only an admin may do this.', { code: 'admin_only' })
  if (rule.role === 'member' && p.role === 'viewer')
    throw new NekodeError('forbidden', 'You may read here, but not change anything.', { code: 'viewer' })
  return p
}

export function callerOf(context: HandlerContext): Caller {
  const caller = context.values.get(callerKey)
  if (!caller) throw new NekodeError('unauthenticated', 'This call has no credential.')
  return caller
}

/** The calling computer; the method is for nobody else. */
export function computerOf(context: HandlerContext): ComputerPrincipal {
  const caller = callerOf(context)
  if (caller.kind !== 'computer') throw new NekodeError('forbidden', 'Only a computer may do this.')
  return caller
}

/** The calling person; the method is for nobody else. */
export function userOf(context: HandlerContext): UserPrincipal {
  const caller = callerOf(context)
  if (caller.kind !== 'user') throw new NekodeError('forbidden', 'Only a person may do this.')
  return caller
}

/** A computer that a request names has to be the caller. */
export function mustBeSelf(p: ComputerPrincipal, computerId: string | undefined): void {
  if (computerId && computerId !== p.id)
    throw new NekodeError('forbidden', `This token belongs to the computer ${p.id}, not to ${computerId}.`, {
      code: 'foreign_computer',
      next: `Set the daemon’s computer id to ${p.id}, or leave it empty.`,
    })
}
