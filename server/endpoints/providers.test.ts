import { describe, expect, test } from 'bun:test'
import { NekodeError } from '@shared/errors'
import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import type { GuardedRequest } from '../http/guarded'
import { newSigningSecret } from '../webhooks/signature'
import { type Outcome, type Outgoing, outcomeOf } from './adapter'
import { secretsOf } from './form'
import { checkConfig, providerOf, providerView, providers } from './registry'

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)
const outgoing: Outgoing = {
  id: 'odlv_019aaaaabbbb7cccdddd0123456789ab',
  type: 'message.created',
  timestamp: NOW,
  target: '#general',
  text: '[#general] Ada: hello',
  data: { id: 'msg_1' },
  replyTo: null,
}

const request = (name: string, config: Record<string, unknown>, more: Partial<Outgoing> = {}): GuardedRequest => {
  const provider = providerOf(name)
  const settings = checkConfig(provider, config)
  expect(provider.sends(settings)).toBeUndefined()
  if (!provider.adapter) throw new Error(`${name} has no adapter`)
  return provider.adapter.request(settings, { ...outgoing, ...more }, NOW)
}
const bodyOf = ({ body }: GuardedRequest) => JSON.parse(body ?? '')
const read = (name: string, status: number, body: unknown, headers: Record<string, string> = {}): Outcome => {
  const { adapter } = providerOf(name)
  if (!adapter) throw new Error(`${name} has no adapter`)
  return outcomeOf(adapter, { status, headers, text: typeof body === 'string' ? body : JSON.stringify(body) }, NOW)
}

test('a webhook is signed as the reference library wants it', () => {
  const secret = newSigningSecret()
  const now = Date.now()
  const { adapter } = providerOf('webhook')
  const sent = adapter!.request({ url: 'https://x.example/hook', secret }, outgoing, now)
  expect(new Webhook(secret).verify(sent.body ?? '', sent.headers ?? {})).toMatchObject({
    type: 'message.created',
    timestamp: '2026-01-02T03:04:05.000Z',
    data: { id: 'msg_1' },
    deliveryId: outgoing.id,
  })
  expect(sent.headers).toMatchObject({ 'webhook-id': outgoing.id })
})

test('any HTTP service gets the text under the name that it wants, with its credential in a header', () => {
  const sent = request('generic', {
    url: 'https://x.example/',
    text_field: 'body',
    header_name: 'X-Key',
    header_value: 's3cret',
  })
  expect(bodyOf(sent)).toMatchObject({ body: outgoing.text, type: 'message.created', data: { id: 'msg_1' } })
  expect(sent.headers).toMatchObject({ 'x-key': 's3cret', 'webhook-id': outgoing.id })
  expect(bodyOf(request('generic', { url: 'https://x.example/', text_only: true }))).toEqual({ text: outgoing.text })
})

describe('chat systems get one request', () => {
  test('Slack: by webhook, or as a bot into a thread', () => {
    const url = 'https://hooks.slack.com/services/T/B/x'
    expect(request('slack', { webhook_url: url })).toMatchObject({ url, method: 'POST' })
    const bot = request('slack', { bot_token: 'xoxb-1', channel_id: 'C1' }, { replyTo: '17.5' })
    expect(bodyOf(bot)).toEqual({ channel: 'C1', text: outgoing.text, thread_ts: '17.5' })
    expect(bot.headers).toMatchObject({ authorization: 'Bearer xoxb-1' })
    expect(read('slack', 200, 'ok')).toEqual({ ok: true })
    expect(read('slack', 200, { ok: true, ts: '1.2' })).toEqual({ ok: true, externalId: '1.2' })
    expect(read('slack', 200, { ok: false, error: 'channel_not_found' })).toMatchObject({ ok: false, retry: false })
    expect(read('slack', 200, { ok: false, error: 'ratelimited' })).toMatchObject({ ok: false, retry: true })
  })

  test('Discord: at most 2000 characters, mentions nobody, and is told when to come again', () => {
    const sent = request('discord', { webhook_url: 'https://discord.com/api/webhooks/1/x' }, { text: 'é'.repeat(3000) })
    expect(sent.url).toBe('https://discord.com/api/webhooks/1/x?wait=true')
    expect(bodyOf(sent)).toEqual({ content: 'é'.repeat(2000), allowed_mentions: { parse: [] } })
    expect(request('discord', { token: 't', channel_id: '../1' }).url).toEndWith('/channels/..%2F1/messages')
    expect(read('discord', 200, { id: '9' })).toEqual({ ok: true, externalId: '9' })
    expect(read('discord', 429, { message: 'slow down', retry_after: 1.5 })).toEqual({
      ok: false,
      error: 'The receiver answered 429: slow down',
      retry: true,
      retryAfterSeconds: 2,
    })
  })

  test('Feishu and DingTalk: signed as their robots want it', () => {
    const url = 'https://open.feishu.cn/open-apis/bot/v2/hook/x'
    const feishu = bodyOf(request('feishu', { webhook_url: url, sign_secret: 'SEC' }))
    const timestamp = String(NOW / 1000)
    const sign = createHmac('sha256', `${timestamp}\nSEC`).digest('base64')
    expect(feishu).toEqual({ timestamp, sign, msg_type: 'text', content: { text: outgoing.text } })
    expect(bodyOf(request('feishu', { webhook_url: url }))).toEqual({
      msg_type: 'text',
      content: { text: outgoing.text },
    })
    const robot = { webhook_url: 'https://oapi.dingtalk.com/robot/send?access_token=x', sign_secret: 'SEC' }
    const { searchParams } = new URL(request('dingtalk', robot).url)
    expect(Object.fromEntries(searchParams)).toEqual({
      access_token: 'x',
      timestamp: String(NOW),
      sign: createHmac('sha256', 'SEC').update(`${NOW}\nSEC`).digest('base64'),
    })
    expect(read('feishu', 200, { code: 19021, msg: 'sign match fail' })).toMatchObject({ ok: false, retry: false })
    expect(read('feishu', 200, { code: 11232, msg: 'too fast' })).toMatchObject({ ok: false, retry: true })
    expect(read('dingtalk', 200, { errcode: 0 })).toEqual({ ok: true })
    expect(read('dingtalk', 200, { errcode: 310000, errmsg: 'sign not match' })).toMatchObject({ retry: false })
  })

  test('WeCom: at most 2048 bytes, with no character cut in two', () => {
    const config = { webhook_url: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x' }
    const { content } = bodyOf(request('wecom', config, { text: `a${'猫'.repeat(1000)}` })).text
    expect(content).toBe(`a${'猫'.repeat(682)}`)
    expect(Buffer.byteLength(content)).toBeLessThanOrEqual(2048)
    expect(read('wecom', 200, { errcode: 45009, errmsg: 'freq' })).toMatchObject({ ok: false, retry: true })
  })

  test('Telegram and ServerChan: plain text as a bot, as a reply where it is one', () => {
    const sent = request('telegram', { token: '1:abc', channel_id: '-100' }, { replyTo: '42', text: 'a_b *c' })
    expect(sent.url).toBe('https://api.telegram.org/bot1:abc/sendMessage')
    expect(bodyOf(sent)).toEqual({
      chat_id: '-100',
      text: 'a_b *c',
      reply_parameters: { message_id: 42, allow_sending_without_reply: true },
    })
    expect(request('serverchan', { bot_token: 'x', default_chat_id: '1' }).url).toBe(
      'https://bot-go.apijia.cn/botx/sendMessage',
    )
    expect(read('telegram', 200, { ok: true, result: { message_id: 7 } })).toEqual({ ok: true, externalId: '7' })
    expect(read('telegram', 429, { ok: false, description: 'Too Many', parameters: { retry_after: 9 } })).toMatchObject(
      {
        retry: true,
        retryAfterSeconds: 9,
      },
    )
    expect(read('telegram', 400, { ok: false, description: 'chat not found' })).toMatchObject({ retry: false })
  })

  test('LINE: with a key that makes a repetition harmless', () => {
    const sent = request('line', { channel_token: 't', to: 'U1' })
    expect(sent.headers).toMatchObject({
      authorization: 'Bearer t',
      'x-line-retry-key': '019aaaaa-bbbb-7ccc-dddd-0123456789ab',
    })
  })
})

test('a status that waiting may change is tried again, and a receiver that says when is heard', () => {
  const retried = [401, 403, 404, 408, 409, 429, 500, 502, 503, 504, 302]
  const final = [400, 410, 413, 415, 422]
  expect(retried.map((s) => read('webhook', s, ''))).toEqual(
    retried.map((s) => ({ ok: false, error: `The receiver answered ${s}`, retry: true, retryAfterSeconds: undefined })),
  )
  expect(final.every((s) => read('webhook', s, '').ok === false)).toBe(true)
  expect(final.map((s) => Reflect.get(read('webhook', s, ''), 'retry'))).toEqual(final.map(() => false))
  const after = (text: string) => Reflect.get(read('webhook', 503, '', { 'retry-after': text }), 'retryAfterSeconds')
  expect(after('120')).toBe(120)
  expect(after(new Date(NOW + 90_000).toUTCString())).toBe(90)
  expect(after('soon')).toBeUndefined()
})

test('what an answer says is not told when nobody asked for it: it may quote a secret', () => {
  expect(read('webhook', 500, 'your secret is s3cret')).toMatchObject({ error: 'The receiver answered 500' })
})

test('every provider has a form whose secrets are marked, and a wrong setting is named without its value', () => {
  for (const provider of providers()) {
    const { configSchema } = providerView(provider)
    expect(configSchema).toMatchObject({ type: 'object', additionalProperties: false })
    expect(Object.keys(configSchema.properties ?? {}).length).toBeGreaterThan(0)
    const secretly = Object.keys(configSchema.properties ?? {}).filter((name) =>
      /secret|token|webhook_url|aes_key|encrypt_key|header_value/.test(name),
    )
    expect([provider.name, secretly.toSorted()]).toEqual([provider.name, [...secretsOf(provider.form)].toSorted()])
  }
  const wrong = () => checkConfig(providerOf('slack'), { webhook_url: 'not-a-url-s3cret', nonsense: 's3cret' })
  expect(wrong).toThrow(NekodeError)
  try {
    wrong()
  } catch (error) {
    expect(error).toMatchObject({ code: 'config_invalid' })
    expect(Bun.inspect(error)).not.toContain('s3cret')
  }
})

test('the providers that can send, and those that are known by their settings only', () => {
  const names = (sends: boolean) => providers().flatMap((p) => ((p.adapter !== undefined) === sends ? [p.name] : []))
  expect(names(true)).toEqual([
    'webhook',
    'generic',
    'slack',
    'discord',
    'feishu',
    'dingtalk',
    'telegram',
    'wecom',
    'serverchan',
    'line',
  ])
  expect(names(false)).toEqual(['qq', 'qqbot', 'weixin', 'weibo', 'max', 'terminal'])
})
