import { z } from 'zod'
import { Handle, Id, Ok, Target, Time, page } from './common'
import { routes } from './route'

export const Visibility = z.enum(['public', 'private'])
export const MemberKind = z.enum(['human', 'agent'])
export type MemberKind = z.infer<typeof MemberKind>
/** What the server writes in a channel, and tells agents there, is written in. */
export const Language = z.enum(['en', 'zh'])
export type Language = z.infer<typeof Language>

export const MemberRole = z.enum(['admin', 'member', 'viewer'])

/**
 * When a channel's messages become deliveries to an agent that is a member. `mentions`: who mentions it, and people who go on in its
 * threads. `all`: besides, whatever a person writes. `periodic`: besides, every `digestMinutes` what was written since, when a person
 * wrote some of it. `muted`: only people who mention it. `off`: nothing. Tasks and reminders of its own reach it in each.
 */
export const DeliveryMode = z.enum(['mentions', 'all', 'periodic', 'muted', 'off'])
export type DeliveryMode = z.infer<typeof DeliveryMode>

/** Minutes between two digests: an hour unless said otherwise. */
export const DigestMinutes = z.number().int().min(5).max(10_080)
export const USUAL_DIGEST_MINUTES = 60

/**
 * What a person is told of in a conversation. `all`: every message. `mentions`: what calls them, and threads that they follow. `nothing`:
 * only what waits for them, such as tasks and permissions. Usual: `mentions` in channels, `all` in direct conversations.
 */
export const NotifyLevel = z.enum(['all', 'mentions', 'nothing'])
export type NotifyLevel = z.infer<typeof NotifyLevel>

export const ChannelMember = z.object({
  kind: MemberKind,
  memberId: Id,
  name: Handle,
  displayName: z.string(),
  role: MemberRole,
  deliveryMode: DeliveryMode,
  /** Of the mode `periodic`; null for any other. */
  digestMinutes: z.number().int().nullable(),
  joinedAt: Time,
})
export type ChannelMember = z.infer<typeof ChannelMember>

export const Channel = z.object({
  id: Id,
  target: Target,
  kind: z.enum(['channel', 'dm']),
  /** What it is called; its address stays when that changes. */
  name: z.string(),
  topic: z.string(),
  visibility: Visibility,
  language: Language,
  /** The caller's own membership. */
  joined: z.boolean(),
  role: MemberRole.nullable(),
  /** What the caller is told of here. */
  notify: NotifyLevel,
  memberCount: z.number().int(),
  /** Of a direct conversation: who is in it besides the caller. Empty for channels. */
  peers: z.array(ChannelMember.pick({ kind: true, memberId: true, name: true, displayName: true })),
  unreadCount: z.number().int(),
  mentionCount: z.number().int(),
  lastReadMessageId: z.string().nullable(),
  lastMessageAt: Time.nullable(),
  createdAt: Time,
  updatedAt: Time,
})
export type Channel = z.infer<typeof Channel>

const ChannelName = z
  .string()
  .trim()
  .toLowerCase()
  .transform((s) => s.replace(/^#/, ''))
  .pipe(
    z
      .string()
      .regex(/^[\p{Ll}\p{Lo}\p{N}][\p{Ll}\p{Lo}\p{N}._-]{0,79}$/u, 'use letters, digits, dot, dash and underscore'),
  )
const At = z.object({ target: Target })

export const channelRoutes = routes({
  'GET /api/channels': {
    summary: 'Channels and direct conversations that the caller may see',
    tag: 'channels',
    who: ['user', 'agent'],
    response: page(Channel),
  },
  'POST /api/channels': {
    summary: 'Create a channel',
    tag: 'channels',
    who: ['user'],
    role: 'member',
    status: 201,
    body: z.strictObject({
      name: ChannelName,
      topic: z.string().max(500).optional(),
      visibility: Visibility.optional(),
      /** Default: English. */
      language: Language.optional(),
    }),
    response: Channel,
    errors: ['name_taken'],
  },
  'GET /api/channels/{target}': {
    summary: 'One channel',
    tag: 'channels',
    who: ['user', 'agent'],
    params: At,
    response: Channel,
  },
  'PATCH /api/channels/{target}': {
    summary: 'Change a channel',
    tag: 'channels',
    who: ['user'],
    params: At,
    body: z.strictObject({
      name: z.string().trim().min(1).max(80).optional(),
      topic: z.string().max(500).optional(),
      visibility: Visibility.optional(),
      language: Language.optional(),
    }),
    response: Channel,
  },
  'DELETE /api/channels/{target}': {
    summary: 'Archive a channel: it disappears from lists and takes no more messages',
    tag: 'channels',
    who: ['user'],
    params: At,
    response: Ok,
  },
  'POST /api/channels/{target}/join': {
    summary: 'Join a public channel',
    tag: 'channels',
    who: ['user'],
    params: At,
    response: Channel,
  },
  'POST /api/channels/{target}/read': {
    summary: 'Mark as read up to a message',
    tag: 'channels',
    who: ['user'],
    params: At,
    body: z.strictObject({ messageId: Id }),
    response: Channel,
  },
  'POST /api/channels/{target}/unread': {
    summary: 'Mark as unread from a message of the channel on, for the caller',
    tag: 'channels',
    who: ['user'],
    params: At,
    body: z.strictObject({ messageId: Id }),
    response: Channel,
  },
  'PUT /api/channels/{target}/notifications': {
    summary: 'Choose what the caller is told of in a conversation that they are in',
    tag: 'channels',
    who: ['user'],
    params: At,
    body: z.strictObject({ level: NotifyLevel }),
    response: Channel,
    errors: ['not_member'],
  },
  'GET /api/channels/{target}/members': {
    summary: 'Members',
    tag: 'channels',
    who: ['user', 'agent'],
    params: At,
    response: page(ChannelMember),
  },
  'POST /api/channels/{target}/members': {
    summary: 'Add a person or an agent',
    tag: 'channels',
    who: ['user'],
    status: 201,
    params: At,
    body: z.strictObject({
      kind: MemberKind,
      memberId: Id,
      role: MemberRole.optional(),
      deliveryMode: DeliveryMode.optional(),
      digestMinutes: DigestMinutes.optional(),
    }),
    response: ChannelMember,
  },
  'PATCH /api/channels/{target}/members/{kind}/{memberId}': {
    summary: 'Change a member’s role or an agent’s delivery mode',
    tag: 'channels',
    who: ['user'],
    params: At.extend({ kind: MemberKind, memberId: Id }),
    body: z.strictObject({
      role: MemberRole.optional(),
      deliveryMode: DeliveryMode.optional(),
      digestMinutes: DigestMinutes.optional(),
    }),
    response: ChannelMember,
  },
  'DELETE /api/channels/{target}/members/{kind}/{memberId}': {
    summary: 'Remove a member, or leave',
    tag: 'channels',
    who: ['user'],
    params: At.extend({ kind: MemberKind, memberId: Id }),
    response: Ok,
  },
  'POST /api/dms': {
    summary: 'Open the direct conversation with a person or an agent',
    tag: 'channels',
    who: ['user'],
    role: 'member',
    status: 201,
    body: z.strictObject({ kind: MemberKind, memberId: Id }),
    response: Channel,
  },
})
