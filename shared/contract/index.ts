import { agentRoutes } from './agents'
import { auditRoutes } from './audit'
import { channelRoutes } from './channels'
import { computerRoutes } from './computers'
import { eventRoutes } from './events'
import { messageRoutes } from './messages'
import { runRoutes } from './runs'
import { systemRoutes } from './system'
import { userRoutes } from './users'

export * from './agents'
export * from './audit'
export * from './channels'
export * from './common'
export * from './computers'
export * from './control'
export * from './events'
export * from './failures'
export * from './messages'
export * from './route'
export * from './runs'
export * from './system'
export * from './users'

/** Every route of the HTTP API: the server validates by it, the OpenAPI document and the clients' types come from it. */
export const api = {
  ...systemRoutes,
  ...userRoutes,
  ...channelRoutes,
  ...messageRoutes,
  ...runRoutes,
  ...agentRoutes,
  ...computerRoutes,
  ...eventRoutes,
  ...auditRoutes,
}
export type Api = typeof api
export type RouteKey = keyof Api
