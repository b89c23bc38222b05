import { z } from 'zod'
import { Handle, Id, Ok, Time, page } from './common'
import { routes } from './route'

export const UserRole = z.enum(['owner', 'admin', 'member', 'viewer'])

export const User = z.object({
  id: Id,
  username: Handle,
  displayName: z.string(),
  role: UserRole,
  /** Only there when the person was removed: their logins have ended, what they wrote stays. */
  disabledAt: Time.optional(),
  createdAt: Time,
  updatedAt: Time,
})
export type User = z.infer<typeof User>

export const Password = z.string().min(10, 'use at least 10 characters').max(256)
export const DisplayName = z.string().trim().min(1).max(80)

/** A browser gets its session as a cookie; a program asks for `token: true` and gets it in the body, once. */
export const Session = z.object({ user: User, expiresAt: Time, csrf: z.string(), token: z.string().optional() })

export const SessionInfo = z.object({
  id: Id,
  current: z.boolean(),
  userAgent: z.string(),
  address: z.string(),
  createdAt: Time,
  lastSeenAt: Time,
  expiresAt: Time,
})

export const TokenScope = z.enum(['read', 'write', 'admin'])
export const ApiToken = z.object({
  id: Id,
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(TokenScope),
  createdAt: Time,
  lastUsedAt: Time.nullable(),
  expiresAt: Time.nullable(),
})
export type ApiToken = z.infer<typeof ApiToken>

/** Six digits of the authenticator app, or one of the recovery codes. */
export const SecondCode = z.string().trim().min(6).max(40)

export const SetupStatus = z.object({
  initialized: z.boolean(),
  /** False when the operator disabled set-up in the browser; then only the environment can create the first admin. */
  webSetupEnabled: z.boolean(),
})

export const userRoutes = routes({
  'GET /api/auth/setup-status': {
    summary: 'Whether the first admin exists',
    tag: 'auth',
    who: ['guest'],
    response: SetupStatus,
  },
  'POST /api/auth/bootstrap': {
    summary: 'Create the first admin with the one-time setup code',
    tag: 'auth',
    who: ['guest'],
    status: 201,
    body: z.strictObject({
      setupCode: z.string().max(100),
      username: Handle,
      password: Password,
      displayName: DisplayName.optional(),
      token: z.boolean().optional(),
    }),
    response: Session,
    errors: ['already_initialized', 'setup_disabled', 'setup_code_invalid', 'throttled'],
  },
  'POST /api/auth/login': {
    summary: 'Log in',
    tag: 'auth',
    who: ['guest'],
    body: z.strictObject({
      username: z.string().max(64),
      password: z.string().max(256),
      /** Of the second factor, for those who have one: six digits, or a recovery code. */
      code: SecondCode.optional(),
      token: z.boolean().optional(),
    }),
    response: Session,
    errors: ['login_failed', 'second_factor_required', 'second_factor_invalid', 'throttled'],
  },
  'POST /api/auth/logout': {
    summary: 'End this session',
    tag: 'auth',
    who: ['user'],
    scope: 'read',
    /** `next`: where a browser goes to end its session at the identity provider too. */
    response: Ok.extend({ next: z.url().optional() }),
  },
  'GET /api/auth/me': { summary: 'Who the credential stands for', tag: 'auth', who: ['user'], response: User },
  'GET /api/auth/sessions': { summary: 'Own sessions', tag: 'auth', who: ['user'], response: page(SessionInfo) },
  'DELETE /api/auth/sessions/{id}': {
    summary: 'End one of the own sessions',
    tag: 'auth',
    who: ['user'],
    scope: 'admin',
    params: z.object({ id: Id }),
    response: Ok,
  },
  'DELETE /api/auth/sessions': {
    summary: 'End all own sessions but this one',
    tag: 'auth',
    who: ['user'],
    scope: 'admin',
    response: z.object({ ended: z.number().int() }),
  },
  'POST /api/auth/password': {
    summary: 'Change the own password; ends the other sessions',
    tag: 'auth',
    who: ['user'],
    scope: 'admin',
    body: z.strictObject({ current: z.string().max(256), password: Password }),
    response: Ok,
  },
  'GET /api/tokens': { summary: 'Own API tokens', tag: 'tokens', who: ['user'], response: page(ApiToken) },
  'POST /api/tokens': {
    summary: 'Make an API token; its text is in this answer only',
    tag: 'tokens',
    who: ['user'],
    scope: 'admin',
    status: 201,
    body: z.strictObject({
      name: z.string().trim().min(1).max(80),
      scopes: z.array(TokenScope).min(1),
      expiresAt: Time.optional(),
    }),
    response: ApiToken.extend({ token: z.string() }),
  },
  'DELETE /api/tokens/{id}': {
    summary: 'Revoke an API token; open streams that use it end',
    tag: 'tokens',
    who: ['user'],
    scope: 'admin',
    params: z.object({ id: Id }),
    response: Ok,
  },
  'GET /api/users': { summary: 'People on this server', tag: 'users', who: ['user', 'agent'], response: page(User) },
  'GET /api/users/removed': {
    summary: 'People who were removed',
    tag: 'users',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    response: page(User),
  },
  'PATCH /api/users/{id}': {
    summary: 'Change a person’s role or display name',
    tag: 'users',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: z.object({ id: Id }),
    body: z.strictObject({ role: UserRole.optional(), displayName: DisplayName.optional() }),
    response: User,
    errors: ['owner_only', 'last_owner'],
  },
  'DELETE /api/users/{id}': {
    summary: 'Remove a person: sessions and API tokens end, messages stay',
    tag: 'users',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: z.object({ id: Id }),
    response: Ok,
    errors: ['owner_only', 'last_owner'],
  },
  'POST /api/users/{id}/restore': {
    summary: 'Let a removed person in again',
    tag: 'users',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: z.object({ id: Id }),
    response: User,
    errors: ['owner_only'],
  },
  'GET /api/users/{id}/sessions': {
    summary: 'Where a person is logged in',
    tag: 'users',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: z.object({ id: Id }),
    response: page(SessionInfo),
    errors: ['owner_only'],
  },
  'DELETE /api/users/{id}/sessions': {
    summary: 'End all sessions of a person',
    tag: 'users',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: z.object({ id: Id }),
    response: z.object({ ended: z.number().int() }),
    errors: ['owner_only'],
  },
  'DELETE /api/users/{id}/sessions/{session}': {
    summary: 'End one session of a person',
    tag: 'users',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: z.object({ id: Id, session: Id }),
    response: Ok,
    errors: ['owner_only'],
  },
  'DELETE /api/users/{id}/second-factor': {
    summary: 'Switch a person’s second factor off, when they have lost it',
    tag: 'users',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: z.object({ id: Id }),
    response: Ok,
    errors: ['owner_only'],
  },
  'POST /api/users': {
    summary: 'Add a person',
    tag: 'users',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    status: 201,
    body: z.strictObject({
      username: Handle,
      password: Password,
      displayName: DisplayName.optional(),
      role: z.enum(['admin', 'member', 'viewer']).optional(),
    }),
    response: User,
    errors: ['name_taken'],
  },
})
