import type { Dialect } from '../dialect'

/** Who may come in, and with what. */
export function peopleTables(d: Dialect) {
  const users = d.table(
    'users',
    {
      id: d.id().primaryKey(),
      username: d.str(64).notNull(),
      displayName: d.str(255).notNull(),
      /** Empty for somebody who comes in through an identity provider only. */
      passwordHash: d.str(255).notNull(),
      role: d.str(16).$type<'owner' | 'admin' | 'member' | 'viewer'>().notNull(),
      disabledAt: d.ms(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [d.unique('users_username').on(t.username)],
  )

  /** Every credential that the server issued: browser sessions, API tokens, computers' and agents' tokens. Only hashes. */
  const credentials = d.table(
    'credentials',
    {
      id: d.id().primaryKey(),
      kind: d.str(16).$type<'session' | 'api' | 'computer' | 'agent' | 'endpoint'>().notNull(),
      ownerId: d.id().notNull(),
      tokenHash: d.str(64).notNull(),
      prefix: d.str(16).notNull(),
      name: d.str(255).notNull(),
      scopes: d.json<('read' | 'write' | 'admin')[]>().notNull(),
      csrf: d.str(64).notNull(),
      userAgent: d.str(255).notNull(),
      address: d.str(64).notNull(),
      createdAt: d.ms().notNull(),
      lastUsedAt: d.ms(),
      expiresAt: d.ms(),
    },
    (t) => [d.unique('credentials_token').on(t.tokenHash), d.index('credentials_owner').on(t.kind, t.ownerId)],
  )

  /** What somebody may use once: to join (`invite`) or to choose a new password (`reset`). Only hashes of the codes. */
  const tickets = d.table(
    'tickets',
    {
      id: d.id().primaryKey(),
      kind: d.str(16).$type<'invite' | 'reset'>().notNull(),
      codeHash: d.str(64).notNull(),
      role: d.str(16).$type<'owner' | 'admin' | 'member' | 'viewer'>(),
      channels: d.json<string[]>().notNull(),
      note: d.str(255).notNull(),
      /** Whose password; null for an invite. */
      userId: d.id(),
      createdBy: d.id().notNull(),
      createdAt: d.ms().notNull(),
      expiresAt: d.ms().notNull(),
      usedAt: d.ms(),
      usedBy: d.id(),
    },
    (t) => [
      d.unique('tickets_code').on(t.codeHash),
      d.index('tickets_kind').on(t.kind, t.id),
      d.index('tickets_user').on(t.userId),
      d.index('tickets_expires').on(t.expiresAt),
    ],
  )

  /** A person's second factor. It counts from `enabledAt` on; before, it waits for its first code. */
  const secondFactors = d.table('second_factors', {
    userId: d.id().primaryKey(),
    /** Sealed with the server's key. */
    secret: d.text().notNull(),
    enabledAt: d.ms(),
    /** The time step of the last code that was taken: none is taken twice. */
    lastStep: d.int().notNull(),
    /** Hashes of those that are left. */
    recovery: d.json<string[]>().notNull(),
    createdAt: d.ms().notNull(),
  })

  /** Whom an identity provider knows somebody here as. */
  const identities = d.table(
    'identities',
    {
      id: d.id().primaryKey(),
      /** SHA-256 of issuer and subject: together they are longer than MySQL can index. */
      key: d.str(64).notNull(),
      issuer: d.text().notNull(),
      subject: d.text().notNull(),
      userId: d.id().notNull(),
      email: d.str(255).notNull(),
      createdAt: d.ms().notNull(),
      lastLoginAt: d.ms().notNull(),
    },
    (t) => [d.unique('identities_key').on(t.key), d.index('identities_user').on(t.userId)],
  )

  return { users, credentials, tickets, secondFactors, identities }
}
