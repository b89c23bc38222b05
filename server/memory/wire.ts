import type { MessageInitShape } from '@bufbuild/protobuf'
import { type MemoryRecord, MemoryScope, NewMemory } from '@shared/contract'
import { ContentFormat, PermissionScope } from '@shared/gen/nekode/daemon/v1/common_pb'
import type { MemoryRecord as WireRecord, MemoryRecordSchema } from '@shared/gen/nekode/daemon/v1/memory_pb'
import { seconds } from '../rpc/wire'
import { valueOf, wordOf } from '../rpc/words'

export const wireMemory = (m: MemoryRecord): MessageInitShape<typeof MemoryRecordSchema> => ({
  memoryId: m.id,
  agentId: m.agentId,
  target: m.target ?? '',
  scope: valueOf(PermissionScope, m.scope),
  path: m.path,
  title: m.title,
  content: m.content,
  contentFormat: valueOf(ContentFormat, m.format),
  version: BigInt(m.version),
  tags: m.tags,
  sourceMessageIds: m.sourceMessageIds,
  createdTimeUnix: seconds(m.createdAt),
  updatedTimeUnix: seconds(m.updatedAt),
  checksum: m.checksum,
  localOnly: m.localOnly,
  contentSizeBytes: m.sizeBytes,
})

/** A scope of a filter; undefined for any. */
export const scopeOf = (scope: PermissionScope): MemoryScope | undefined => {
  const word = wordOf(PermissionScope, scope)
  return word === undefined ? undefined : MemoryScope.parse(word)
}

/** A note as a client writes it. @throws ZodError for what is none */
export const readMemory = (r: WireRecord, expectedVersion: bigint): NewMemory =>
  NewMemory.parse({
    path: r.path,
    scope: scopeOf(r.scope),
    target: r.target || undefined,
    title: r.title || undefined,
    content: r.content,
    format: wordOf(ContentFormat, r.contentFormat),
    tags: r.tags,
    sourceMessageIds: r.sourceMessageIds,
    localOnly: r.localOnly ? { sizeBytes: r.contentSizeBytes, checksum: r.checksum } : undefined,
    expectedVersion: Number(expectedVersion),
  })
