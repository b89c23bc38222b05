import type { Dialect } from './dialect'
import { activityTables } from './tables/activity'
import { agentsTables } from './tables/agents'
import { attachmentsTables } from './tables/attachments'
import { channelsTables } from './tables/channels'
import { computersTables } from './tables/computers'
import { coordinationTables } from './tables/coordination'
import { decisionsTables } from './tables/decisions'
import { memoryTables } from './tables/memory'
import { inboxTables } from './tables/inbox'
import { endpointsTables } from './tables/endpoints'
import { messagesTables } from './tables/messages'
import { peopleTables } from './tables/people'
import { resourceTables } from './tables/resources'
import { debatesTables } from './tables/debates'
import { pushTables } from './tables/push'
import { remindersTables } from './tables/reminders'
import { runsTables } from './tables/runs'
import { searchTables } from './tables/search'
import { systemTables } from './tables/system'
import { tasksTables } from './tables/tasks'
import { topicsTables } from './tables/topics'
import { tunnelsTables } from './tables/tunnels'

export type { StoredEnvVar } from './tables/agents'

/**
 * The whole schema, once, for three databases. Text ids, times in Unix milliseconds, no database-side defaults: what a row holds is
 * decided where it is made. Relations are by id without foreign keys, because rows outlive what they point at (an agent's messages stay).
 */
export function tables(d: Dialect) {
  return {
    ...systemTables(d),
    ...peopleTables(d),
    ...pushTables(d),
    ...channelsTables(d),
    ...messagesTables(d),
    ...attachmentsTables(d),
    ...inboxTables(d),
    ...computersTables(d),
    ...agentsTables(d),
    ...runsTables(d),
    ...tasksTables(d),
    ...activityTables(d),
    ...decisionsTables(d),
    ...coordinationTables(d),
    ...memoryTables(d),
    ...remindersTables(d),
    ...debatesTables(d),
    ...topicsTables(d),
    ...endpointsTables(d),
    ...resourceTables(d),
    ...searchTables(d),
    ...tunnelsTables(d),
  }
}
export type Tables = ReturnType<typeof tables>
export type Row<K extends keyof Tables> = Tables[K]['$inferSelect']
