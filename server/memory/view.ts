import type { MemoryRecord } from '@shared/contract'
import type { Row } from '../db/tables'

export type MemoryRow = Row<'memories'>

/** @param target of its conversation, as it is called now; null for what is about none */
export const memoryView = (r: MemoryRow, target: string | null): MemoryRecord => ({
  id: r.id,
  agentId: r.agentId,
  scope: r.scope,
  target,
  path: r.path,
  title: r.title,
  content: r.content,
  format: r.format,
  tags: r.tags,
  sourceMessageIds: r.sourceMessageIds,
  checksum: r.checksum,
  localOnly: r.localOnly,
  sizeBytes: r.sizeBytes,
  version: r.version,
  createdAt: r.createdAt,
  updatedAt: r.updatedAt,
})
