import { z } from 'zod'
import { Ok, Time } from './common'
import { routes } from './route'

/** A time of day, in 24 hours. */
const Clock = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'a time as 22:30')

/** What a browser is told of while nobody looks at the console. */
export const PushSettings = z.strictObject({
  mentions: z.boolean(),
  /** Every message of channels that the reader wants to hear all of. */
  messages: z.boolean(),
  /** Direct messages. */
  dms: z.boolean(),
  /** Agents that wait for a permission. */
  approvals: z.boolean(),
  /** Tasks that are assigned to the reader, or wait for their review. */
  tasks: z.boolean(),
  /** Whether what is said in private channels and direct conversations may stand in a notification. */
  privateContent: z.boolean(),
  /** When nothing is sent: from one time of day to another, over midnight when the first is later. Null: never. */
  quiet: z.strictObject({ from: Clock, to: Clock, timezone: z.string().min(1).max(64) }).nullable(),
})
export type PushSettings = z.infer<typeof PushSettings>

export const PUSH_DEFAULTS: PushSettings = {
  mentions: true,
  messages: true,
  dms: true,
  approvals: true,
  tasks: true,
  privateContent: false,
  quiet: null,
}

/** Bytes in base64url. */
const Bytes = (length: number) =>
  z
    .string()
    .regex(/^[\w-]+={0,2}$/, 'base64url')
    .refine((text) => bytesOf(text) === length, `${length} bytes in base64url`)
const bytesOf = (text: string): number => Math.floor((text.replaceAll('=', '').length * 3) / 4)

export const PushSubscriptionInfo = z.object({ settings: PushSettings, createdAt: Time })
export type PushSubscriptionInfo = z.infer<typeof PushSubscriptionInfo>

const state = z.object({
  /** What a browser subscribes with: the server's public key (VAPID), in base64url. */
  publicKey: z.string(),
  /** Of the caller's own session; null when it gets no notifications. */
  subscription: PushSubscriptionInfo.nullable(),
  /** Of the caller's browsers, how many get notifications. */
  browsers: z.number().int(),
})

export const pushRoutes = routes({
  'GET /api/push': {
    summary: 'Whether this browser gets notifications, and what it subscribes with',
    tag: 'notifications',
    who: ['user'],
    response: state,
  },
  'PUT /api/push': {
    summary: 'Send notifications to this browser, for as long as its session lasts; one subscription a session',
    tag: 'notifications',
    who: ['user'],
    body: z.strictObject({
      /** As the browser gave them. */
      endpoint: z.url().max(1000),
      keys: z.strictObject({ p256dh: Bytes(65), auth: Bytes(16) }),
      locale: z.enum(['en', 'zh-CN']),
      settings: PushSettings,
    }),
    response: PushSubscriptionInfo,
    errors: ['url_invalid', 'timezone_unknown'],
  },
  'DELETE /api/push': {
    summary: 'Send no more notifications to this browser',
    tag: 'notifications',
    who: ['user'],
    response: Ok,
  },
  'POST /api/push/test': {
    summary: 'Send a notification to this browser now, and say what came of it',
    tag: 'notifications',
    who: ['user'],
    response: Ok,
    errors: ['not_subscribed', 'push_refused', 'address_forbidden', 'unreachable', 'timeout'],
  },
  'PUT /api/push/focus': {
    summary:
      'Say that somebody looks at the console, for a minute and a half, or does not any more: meanwhile nothing is sent to them',
    tag: 'notifications',
    who: ['user'],
    body: z.strictObject({ focused: z.boolean() }),
    response: Ok,
  },
})
