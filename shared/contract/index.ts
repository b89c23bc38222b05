import { agentInboxRoutes } from './agentinbox'
import { agentRoutes } from './agents'
import { archiveRoutes } from './archive'
import { artifactRoutes } from './artifacts'
import { attachmentRoutes } from './attachments'
import { auditRoutes } from './audit'
import { automationRoutes } from './automation'
import { backupRoutes } from './backup'
import { channelRoutes } from './channels'
import { computerRoutes } from './computers'
import { coordinationRoutes } from './coordination'
import { decisionRoutes } from './decisions'
import { endpointRoutes } from './endpoints'
import { eventRoutes } from './events'
import { inboxRoutes } from './inbox'
import { inviteRoutes } from './invites'
import { memoryRoutes } from './memory'
import { gateRoutes } from './gates'
import { graphRoutes } from './graph'
import { messageRoutes } from './messages'
import { oidcRoutes } from './oidc'
import { presenceRoutes } from './presence'
import { pushRoutes } from './push'
import { debateRoutes } from './debates'
import { reminderRoutes } from './reminders'
import { topicRoutes } from './topics'
import { runRoutes } from './runs'
import { screenRoutes } from './screens'
import { searchRoutes } from './search'
import { secondFactorRoutes } from './secondfactor'
import { systemRoutes } from './system'
import { threadRoutes } from './threads'
import { tunnelRoutes } from './tunnels'
import { taskRoutes } from './tasks'
import { usageRoutes } from './usage'
import { userRoutes } from './users'
import { viewRoutes } from './views'
import { workspaceRoutes } from './workspaces'

export * from './agentinbox'
export * from './agents'
export * from './archive'
export * from './artifacts'
export * from './attachments'
export * from './audit'
export * from './automation'
export * from './backup'
export * from './channels'
export * from './common'
export * from './computers'
export * from './control'
export * from './coordination'
export * from './decisions'
export * from './endpoints'
export * from './events'
export * from './failures'
export * from './inbox'
export * from './invites'
export * from './memory'
export * from './gates'
export * from './graph'
export * from './messages'
export * from './oidc'
export * from './debates'
export * from './presence'
export * from './push'
export * from './reminders'
export * from './topics'
export * from './route'
export * from './runs'
export * from './screens'
export * from './search'
export * from './secondfactor'
export * from './system'
export * from './threads'
export * from './tunnels'
export * from './tasks'
export * from './usage'
export * from './users'
export * from './views'
export * from './workspaces'

/** Every route of the HTTP API: the server validates by it, the OpenAPI document and the clients' types come from it. */
export const api = {
  ...systemRoutes,
  ...userRoutes,
  ...inviteRoutes,
  ...presenceRoutes,
  ...pushRoutes,
  ...secondFactorRoutes,
  ...oidcRoutes,
  ...channelRoutes,
  ...messageRoutes,
  ...threadRoutes,
  ...inboxRoutes,
  ...attachmentRoutes,
  ...artifactRoutes,
  ...runRoutes,
  ...usageRoutes,
  ...automationRoutes,
  ...archiveRoutes,
  ...screenRoutes,
  ...searchRoutes,
  ...taskRoutes,
  ...viewRoutes,
  ...graphRoutes,
  ...gateRoutes,
  ...agentRoutes,
  ...computerRoutes,
  ...eventRoutes,
  ...endpointRoutes,
  ...auditRoutes,
  ...backupRoutes,
  ...tunnelRoutes,
  ...workspaceRoutes,
  ...decisionRoutes,
  ...coordinationRoutes,
  ...memoryRoutes,
  ...reminderRoutes,
  ...debateRoutes,
  ...topicRoutes,
  ...agentInboxRoutes,
}
export type Api = typeof api
export type RouteKey = keyof Api
