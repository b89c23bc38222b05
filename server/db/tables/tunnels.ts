import type { Actor, TunnelPolicy, TunnelState } from '@shared/contract'
import type { Dialect } from '../dialect'

/** Ways to ports of computers, for looking at what runs there. */
export function tunnelsTables(d: Dialect) {
  const tunnels = d.table(
    'tunnels',
    {
      id: d.id().primaryKey(),
      /** The name of its host. For a public one, knowing it is enough. */
      token: d.str(64).notNull(),
      computerId: d.id().notNull(),
      agentId: d.id(),
      runId: d.id(),
      channelId: d.id(),
      target: d.str(200),
      threadId: d.id(),
      localPort: d.int().notNull(),
      label: d.str(200).notNull(),
      state: d.str(20).$type<TunnelState>().notNull(),
      accessPolicy: d.str(16).$type<TunnelPolicy>().notNull(),
      creator: d.json<Actor>().notNull(),
      creatorId: d.id().notNull(),
      ttlSeconds: d.int().notNull(),
      approvedBy: d.json<Actor>(),
      approvedAt: d.ms(),
      expiresAt: d.ms().notNull(),
      closedAt: d.ms(),
      closeReason: d.str(500).notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [
      d.unique('tunnels_token').on(t.token),
      d.index('tunnels_computer').on(t.computerId, t.id),
      d.index('tunnels_channel').on(t.channelId, t.id),
      d.index('tunnels_creator').on(t.creatorId, t.id),
      d.index('tunnels_state').on(t.state, t.expiresAt),
    ],
  )
  return { tunnels }
}
