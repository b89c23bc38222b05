import type { Dialect } from '../dialect'

/** Who may come in, and with what. */
export function peopleTables(d: Dialect) {
  const users = d.table(
    'users',
    {
      id: d.id().primaryKey(),
      username: d.str(64).notNull(),
      displayName: d.str(255).notNull(),
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
      kind: d.str(16).$type<'session' | 'api' | 'computer' | 'agent'>().notNull(),
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

  return { users, credentials }
}
