import { and, eq, isNull } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'
import type { Agent } from './directory'

/**
 * An agent as this transaction has it, when it still is where work is to be given to it: not deleted, in the channel, and the channel
 * open. The directory knows of commits only, and several transactions may share the next one.
 */
export async function agentAt({ t }: Database, tx: Tx, agentId: string, channelId: string): Promise<Agent | undefined> {
  const { agents, channels, members } = t
  const [row] = await tx.q
    .select({ agent: agents })
    .from(agents)
    .innerJoin(
      members,
      and(eq(members.channelId, channelId), eq(members.kind, 'agent'), eq(members.memberId, agents.id)),
    )
    .innerJoin(channels, and(eq(channels.id, channelId), isNull(channels.archivedAt)))
    .where(and(eq(agents.id, agentId), isNull(agents.deletedAt)))
  return row?.agent
}

/** Whether an agent is turned on, as this transaction has it. */
export async function isEnabled({ t }: Database, tx: Tx, agentId: string): Promise<boolean> {
  const [row] = await tx.q.select({ enabled: t.agents.enabled }).from(t.agents).where(eq(t.agents.id, agentId))
  return row?.enabled ?? false
}
