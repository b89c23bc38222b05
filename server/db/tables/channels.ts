import type { DeliveryMode, NotifyLevel } from '@shared/contract'
import type { Dialect } from '../dialect'

/** Where people and agents talk. */
export function channelsTables(d: Dialect) {
  const channels = d.table(
    'channels',
    {
      id: d.id().primaryKey(),
      target: d.str(200).notNull(),
      kind: d.str(16).$type<'channel' | 'dm'>().notNull(),
      name: d.str(200).notNull(),
      topic: d.text().notNull(),
      visibility: d.str(16).$type<'public' | 'private'>().notNull(),
      /** What the server writes here, and tells agents here, is written in. */
      language: d.str(8).$type<'en' | 'zh'>().notNull(),
      createdBy: d.id().notNull(),
      archivedAt: d.ms(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [d.unique('channels_target').on(t.target)],
  )

  const members = d.table(
    'members',
    {
      channelId: d.id().notNull(),
      kind: d.str(16).$type<'human' | 'agent'>().notNull(),
      memberId: d.id().notNull(),
      role: d.str(16).$type<'admin' | 'member' | 'viewer'>().notNull(),
      deliveryMode: d.str(16).$type<DeliveryMode>().notNull(),
      /** Of the mode `periodic`: how often, when next, and the message up to which the agent was told. */
      digestMinutes: d.int(),
      digestAt: d.ms(),
      digestedId: d.id(),
      lastReadMessageId: d.id(),
      /** What a person wants to be told of; null: what is usual. */
      notify: d.str(16).$type<NotifyLevel>(),
      joinedAt: d.ms().notNull(),
    },
    (t) => [
      d.primaryKey({ columns: [t.channelId, t.kind, t.memberId] }),
      d.index('members_member').on(t.kind, t.memberId),
      d.index('members_digest').on(t.digestAt),
    ],
  )

  return { channels, members }
}
