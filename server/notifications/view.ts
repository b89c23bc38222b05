import type { NotificationRoute } from '@shared/contract'
import type { Directory } from '../directory/directory'
import type { RouteRow } from '../endpoints/book'

export const routeView = (row: RouteRow, directory: Directory): NotificationRoute => ({
  id: row.id,
  target: directory.channel(row.channelId)?.target ?? row.channelId,
  threadId: row.threadId || null,
  endpointId: row.endpointId,
  eventKind: row.eventKind,
  preference: row.preference,
  enabled: row.enabled,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
})
