import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { cut } from '../../rpc/text'
import type { Adapter, Outcome, Outgoing, Settings } from '../adapter'
import { field, secretField, secretUrlField, urlField } from '../form'
import type { Provider } from '../provider'
import type { GuardedRequest, GuardedResponse } from '../../http/guarded'

/*
 * Chat systems that take a message as one documented POST. What else they can do (reading along, threads, cards) needs connections that
 * stay open or tokens that are fetched first.
 */

const str = (settings: Settings, name: string): string => String(settings[name] ?? '')

const post = (url: string, body: unknown, headers: Record<string, string> = {}): GuardedRequest => ({
  method: 'POST',
  url,
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
})

const parse = (answer: GuardedResponse): Record<string, unknown> => {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(answer.text))
  } catch {
    // Some answer with a bare word.
    return {}
  }
}

/** What the service says went wrong; never quoted at length, because it is for a line of a table. */
const refused = (text: unknown, more: { retry?: boolean; retryAfterSeconds?: number } = {}): Outcome => ({
  ok: false,
  error: cut(String(text ?? 'it refused the message'), 200),
  retry: false,
  ...more,
})

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and /reference/methods/chat.postMessage */
const slack: Adapter = {
  request: (s, o) =>
    s.webhook_url === undefined
      ? post(
          'https://slack.com/api/chat.postMessage',
          { channel: str(s, 'channel_id'), text: cut(o.text, 40_000), ...(o.replyTo ? { thread_ts: o.replyTo } : {}) },
          { authorization: `Bearer ${str(s, 'bot_token')}` },
        )
      : post(str(s, 'webhook_url'), { text: cut(o.text, 40_000) }),
  read: (answer) => {
    const said = parse(answer)
    if (said.ok === false) return refused(said.error, { retry: said.error === 'ratelimited' })
    return { ok: true, ...(typeof said.ts === 'string' ? { externalId: said.ts } : {}) }
  },
}

/** https://discord.com/developers/docs/resources/webhook#execute-webhook and /resources/message#create-message */
const discord: Adapter = {
  request: (s, o) => {
    const body = { content: cut(o.text, 2000), allowed_mentions: { parse: [] } }
    if (s.webhook_url === undefined)
      return post(`https://discord.com/api/v10/channels/${encodeURIComponent(str(s, 'channel_id'))}/messages`, body, {
        authorization: `Bot ${str(s, 'token')}`,
      })
    const url = new URL(str(s, 'webhook_url'))
    // With it the answer names the message.
    url.searchParams.set('wait', 'true')
    return post(url.href, body)
  },
  read: (answer) => {
    const { id, message, retry_after: after } = parse(answer)
    if (answer.status < 300) return { ok: true, ...(typeof id === 'string' ? { externalId: id } : {}) }
    return refused(message, typeof after === 'number' ? { retryAfterSeconds: Math.ceil(after) } : {})
  },
}

/** https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: the key of the signature is `timestamp\nsecret`, its text is empty. */
const feishu: Adapter = {
  request: (s, o, now) => {
    const timestamp = String(Math.floor(now / 1000))
    const sign =
      s.sign_secret === undefined
        ? {}
        : {
            timestamp,
            sign: createHmac('sha256', `${timestamp}\n${str(s, 'sign_secret')}`)
              .update('')
              .digest('base64'),
          }
    return post(str(s, 'webhook_url'), { ...sign, msg_type: 'text', content: { text: cut(o.text, 10_000) } })
  },
  read: (answer) => {
    const { code, msg } = parse(answer)
    // 11232: too many messages a second.
    return code === 0 || code === undefined ? { ok: true } : refused(msg, { retry: code === 11232 })
  },
}

/** https://open.dingtalk.com/document/robots/custom-robot-access and …/customize-robot-security-settings */
const dingtalk: Adapter = {
  request: (s, o, now) => {
    const url = new URL(str(s, 'webhook_url'))
    if (s.sign_secret !== undefined) {
      const secret = str(s, 'sign_secret')
      url.searchParams.set('timestamp', String(now))
      url.searchParams.set('sign', createHmac('sha256', secret).update(`${now}\n${secret}`).digest('base64'))
    }
    return post(url.href, { msgtype: 'text', text: { content: cut(o.text, 5000) } })
  },
  read: (answer) => readErrcode(answer, [-1, 130101]),
}

/** https://developer.work.weixin.qq.com/document/path/91770 */
const wecom: Adapter = {
  request: (s, o) => post(str(s, 'webhook_url'), { msgtype: 'text', text: { content: cutBytes(o.text, 2048) } }),
  read: (answer) => readErrcode(answer, [-1, 45009]),
}

function readErrcode(answer: GuardedResponse, retried: number[]): Outcome {
  const { errcode, errmsg } = parse(answer)
  if (errcode === 0 || errcode === undefined) return { ok: true }
  return refused(errmsg, { retry: typeof errcode === 'number' && retried.includes(errcode) })
}

/** Text of at most so many bytes of UTF-8, with no character cut in two. */
function cutBytes(text: string, bytes: number): string {
  const whole = Buffer.from(text.toWellFormed())
  if (whole.length <= bytes) return whole.toString()
  let end = bytes
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end--
  return whole.subarray(0, end).toString()
}

/** https://core.telegram.org/bots/api#sendmessage, without a parse mode: text is text. */
const sendMessage = (base: string, s: Settings, o: Outgoing): GuardedRequest =>
  post(`${base}/bot${str(s, s.token === undefined ? 'bot_token' : 'token')}/sendMessage`, {
    chat_id: str(s, s.channel_id === undefined ? 'default_chat_id' : 'channel_id'),
    text: cut(o.text, 4096),
    ...(o.replyTo !== null && /^\d{1,15}$/.test(o.replyTo)
      ? { reply_parameters: { message_id: Number(o.replyTo), allow_sending_without_reply: true } }
      : {}),
  })

const readBotApi = (answer: GuardedResponse): Outcome => {
  const { ok, description, result, parameters } = z
    .object({
      ok: z.boolean().optional(),
      description: z.string().optional(),
      result: z.object({ message_id: z.number().optional() }).optional().catch(undefined),
      parameters: z.object({ retry_after: z.number().optional() }).optional().catch(undefined),
    })
    .catch({})
    .parse(parse(answer))
  if (ok !== false && answer.status < 300)
    return { ok: true, ...(result?.message_id === undefined ? {} : { externalId: String(result.message_id) }) }
  const after = parameters?.retry_after
  return refused(description, after === undefined ? {} : { retry: true, retryAfterSeconds: after })
}

const telegram: Adapter = {
  request: (s, o) => sendMessage(str(s, 'api_base_url') || 'https://api.telegram.org', s, o),
  read: readBotApi,
}

/** ServerChan's bots speak the same API, under an address of their own. */
const serverchan: Adapter = {
  request: (s, o) => sendMessage(str(s, 'api_base_url') || 'https://bot-go.apijia.cn', s, o),
  read: readBotApi,
}

/** https://developers.line.biz/en/reference/messaging-api/#send-push-message; the key makes a repetition harmless for 24 hours. */
const line: Adapter = {
  request: (s, o) =>
    post(
      'https://api.line.me/v2/bot/message/push',
      { to: str(s, 'to'), messages: [{ type: 'text', text: cut(o.text, 5000) }] },
      { authorization: `Bearer ${str(s, 'channel_token')}`, 'x-line-retry-key': uuidOf(o.id) },
    ),
  read: (answer) => (answer.status < 300 ? { ok: true } : refused(parse(answer).message)),
}

/** Our ids are UUIDs after their prefix. */
const uuidOf = (id: string): string =>
  id.slice(id.indexOf('_') + 1).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** Fields of the reading side, which a later version makes use of: they are kept with the rest. */
const target = {
  default_target: field('Channel that its messages go to', 200).optional(),
  require_subscription: z.boolean().meta({ title: 'Only chats that were admitted' }).optional(),
  enable_notify: z.boolean().meta({ title: 'Notifications' }).optional(),
}
const allowFrom = field('Ids of those who may write, separated by commas', 2000).optional()

const either =
  (...ways: string[][]) =>
  (s: Settings): string | undefined => {
    const gaps = ways.map((fields) => fields.filter((name) => s[name] === undefined))
    return gaps.some((gap) => gap.length === 0) ? undefined : (gaps[0] ?? []).join(', ')
  }

const chat = (
  name: string,
  displayName: string,
  fields: z.ZodRawShape,
  sending?: { adapter: Adapter; sends: Provider['sends']; description: string },
): Provider => ({
  name,
  kind: 'im',
  displayName,
  description: sending?.description ?? 'Known by its settings; this version cannot send to it yet.',
  authModes: ['none'],
  form: z.strictObject({ ...fields, ...target }),
  sends: sending?.sends ?? (() => 'an adapter'),
  ...(sending ? { adapter: sending.adapter } : {}),
})

export const chatProviders: Provider[] = [
  chat(
    'slack',
    'Slack',
    {
      webhook_url: secretUrlField('Address of an incoming webhook').optional(),
      bot_token: secretField('Bot token (xoxb-…)').optional(),
      channel_id: field('Channel to post to with the bot token', 64).optional(),
      app_token: secretField('App token (xapp-…)').optional(),
      allow_from: allowFrom,
    },
    {
      adapter: slack,
      sends: either(['webhook_url'], ['bot_token', 'channel_id']),
      description: 'Posts by an incoming webhook, or as a bot with chat.postMessage.',
    },
  ),
  chat(
    'discord',
    'Discord',
    {
      webhook_url: secretUrlField('Address of a webhook').optional(),
      token: secretField('Bot token').optional(),
      channel_id: field('Channel to post to with the bot token', 64).optional(),
      guild_id: field('Server', 64).optional(),
      allow_from: allowFrom,
    },
    {
      adapter: discord,
      sends: either(['webhook_url'], ['token', 'channel_id']),
      description: 'Posts by a webhook, or as a bot.',
    },
  ),
  chat(
    'feishu',
    'Feishu / Lark',
    {
      webhook_url: secretUrlField('Address of a custom bot').optional(),
      sign_secret: secretField('Signing secret of the custom bot').optional(),
      app_id: field('App id').optional(),
      app_secret: secretField('App secret').optional(),
      verification_token: secretField('Verification token').optional(),
      encrypt_key: secretField('Encrypt key').optional(),
    },
    { adapter: feishu, sends: either(['webhook_url']), description: 'Posts by a custom bot of a group.' },
  ),
  chat(
    'dingtalk',
    'DingTalk',
    {
      webhook_url: secretUrlField('Address of a custom robot').optional(),
      sign_secret: secretField('Signing secret of the custom robot').optional(),
      client_id: field('Client id').optional(),
      client_secret: secretField('Client secret').optional(),
      robot_code: field('Robot code').optional(),
      allow_from: allowFrom,
    },
    { adapter: dingtalk, sends: either(['webhook_url']), description: 'Posts by a custom robot of a group.' },
  ),
  chat(
    'telegram',
    'Telegram',
    {
      token: secretField('Bot token')
        .refine((t) => /^[\w:-]+$/.test(t), 'is no bot token')
        .meta({ title: 'Bot token', writeOnly: true }),
      channel_id: field('Chat that messages go to', 64).optional(),
      secret_token: secretField('Secret of its webhook').optional(),
      bot_username: field('Name of the bot', 64).optional(),
      group_mode: z.enum(['mention', 'always', 'disabled']).meta({ title: 'In groups' }).optional(),
      api_base_url: urlField('Another Bot API server').optional(),
    },
    { adapter: telegram, sends: either(['token', 'channel_id']), description: 'Posts as a bot with sendMessage.' },
  ),
  chat(
    'wecom',
    'WeCom',
    {
      webhook_url: secretUrlField('Address of a group robot').optional(),
      mode: z.enum(['callback_app', 'websocket_bot']).meta({ title: 'Mode' }).optional(),
      corp_id: field('Corp id').optional(),
      corp_secret: secretField('Corp secret').optional(),
      agent_id: field('Agent id').optional(),
      callback_token: secretField('Callback token').optional(),
      callback_aes_key: secretField('Callback AES key').optional(),
      bot_id: field('Bot id').optional(),
      bot_secret: secretField('Bot secret').optional(),
      allow_from: allowFrom,
    },
    { adapter: wecom, sends: either(['webhook_url']), description: 'Posts by a group robot.' },
  ),
  chat(
    'serverchan',
    'ServerChan',
    {
      bot_token: secretField('Bot token')
        .refine((t) => /^[\w:-]+$/.test(t), 'is no bot token')
        .meta({ title: 'Bot token', writeOnly: true }),
      default_chat_id: field('Chat that messages go to', 64).optional(),
      api_base_url: urlField('Another server').optional(),
      allow_from: allowFrom,
    },
    {
      adapter: serverchan,
      sends: either(['bot_token', 'default_chat_id']),
      description: 'Posts as a bot with sendMessage.',
    },
  ),
  chat(
    'line',
    'LINE',
    {
      channel_token: secretField('Channel access token'),
      channel_secret: secretField('Channel secret').optional(),
      to: field('User, group or room that messages go to', 64).optional(),
      allow_from: allowFrom,
    },
    { adapter: line, sends: either(['channel_token', 'to']), description: 'Pushes messages with the Messaging API.' },
  ),
  chat('qq', 'QQ', {
    app_id: field('App id'),
    app_secret: secretField('App secret'),
    default_target_id: field('Chat', 128).optional(),
  }),
  chat('qqbot', 'QQ bot', {
    app_id: field('App id'),
    app_secret: secretField('App secret'),
    sandbox: z.boolean().meta({ title: 'Sandbox' }).optional(),
    allow_from: allowFrom,
  }),
  chat('weixin', 'WeChat', {
    mode: z.enum(['ilink', 'official_account']).meta({ title: 'Mode' }).optional(),
    bot_token: secretField('Bot token').optional(),
    bot_id: field('Bot id').optional(),
    user_id: field('User id').optional(),
    app_id: field('App id').optional(),
    app_secret: secretField('App secret').optional(),
    token: secretField('Token').optional(),
    access_token: secretField('Access token').optional(),
  }),
  chat('weibo', 'Weibo', {
    app_id: field('App id'),
    app_secret: secretField('App secret'),
    allow_from: allowFrom,
  }),
  chat('max', 'MAX', {
    token: secretField('Token'),
    webhook_secret: secretField('Secret of its webhook').optional(),
    allow_from: allowFrom,
  }),
  chat('terminal', 'Terminal', {
    session_id: field('Session').optional(),
    operator: field('Operator').optional(),
  }),
]
