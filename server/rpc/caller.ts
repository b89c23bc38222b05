import { type HandlerContext, createContextKey } from '@connectrpc/connect'
import { NekodeError } from '@shared/errors'
import {
  type AgentPrincipal,
  type ComputerPrincipal,
  type Principal,
  type UserPrincipal,
  isAdmin,
} from '../access/principal'
import type { Credentials } from '../auth/credentials'
import { bearerOf } from '../http/authenticate'
import { METHODS, type MethodName, type MethodRule } from './methods'

/** Whoever calls: never a guest. */
export type Caller = ComputerPrincipal | AgentPrincipal | UserPrincipal

const callerKey = createContextKey<Caller | undefined>(undefined, { description: 'the caller, by its credential' })

const isMethod = (name: string): name is MethodName => Object.hasOwn(METHODS, name)

/** Recognises the caller and checks that this method is for them, before anything of the request is read. */
export async function admitCaller(context: HandlerContext, credentials: Credentials): Promise<void> {
  const token = bearerOf(context.requestHeader.get('authorization'))
  if (token === undefined)
    throw new NekodeError('unauthenticated', 'This call has no credential.', {
      code: 'login_required',
      next: 'Send “Authorization: Bearer …” with the token of a computer, an agent or a person.',
    })
  const principal = await credentials.resolve(token)
  const name = context.method.localName
  const rule = isMethod(name) ? METHODS[name] : undefined
  if (!rule) throw new NekodeError('unimplemented', `${context.method.name} is not known here.`)
  const caller = admitted(principal, rule)
  if (rule.later)
    throw new NekodeError('unimplemented', `${context.method.name} comes with a later version of the server.`)
  context.values.set(callerKey, caller)
}

function admitted(p: Principal, rule: MethodRule): Caller {
  if (p.kind === 'guest' || !rule.who.includes(p.kind))
    throw new NekodeError('forbidden', `A token of this kind (${p.kind}) may not do this.`, { code: 'wrong_principal' })
  if (p.kind !== 'user') return p
  if (p.scopes && !p.scopes.has(rule.scope) && !p.scopes.has('admin'))
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
