import { NekodeError } from '@shared/errors'
import { z } from 'zod'
import type { Core } from '../core'
import type { GuardedFetch } from '../http/guarded'
import type { SubscriptionRow } from './store'
import type { Vapid } from './encrypt'

/** What a browser needs to show a notification; its worker puts it into words. */
export interface PushMessage {
  kind: 'mention' | 'message' | 'dm' | 'approval' | 'task' | 'review' | 'test'
  locale: string
  by: string
  place: string
  text: string
  path: string
}

/** `gone`: the browser does not want messages any more. `later`: the push service asks for time. */
export type Sent = { is: 'sent' | 'gone' } | { is: 'refused'; status: number } | { is: 'later'; afterMs: number }

const SETTING = 'push.vapid'
const TTL_SECONDS = 24 * 3600
const LONGEST_WAIT_MS = 60_000
const Keys = z.object({ publicKey: z.string(), privateKey: z.string() })
const Address = z.object({ endpoint: z.string(), p256dh: z.string(), auth: z.string() })
export type Address = z.infer<typeof Address>

/** Hands messages over to browsers' push services, encrypted so that only the browser can read them. */
export class PushSender {
  #vapid: Promise<Vapid> | undefined

  constructor(
    private readonly core: Core,
    private readonly outgoing: GuardedFetch,
    /** Whom a push service may turn to: an https: or mailto: address. */
    private readonly subject: string,
  ) {}

  async publicKey(): Promise<string> {
    return (await this.#keys()).publicKey
  }

  /** An address is a capability: whoever has it can send to the browser. So it is kept as secrets are. */
  seal(address: Address, sessionId: string): string {
    return this.core.secrets.seal(JSON.stringify(address), `push:${sessionId}`)
  }

  /** @throws NekodeError `address_forbidden`, `unreachable`, `timeout` */
  async send(row: SubscriptionRow, message: PushMessage): Promise<Sent> {
    const { endpoint, p256dh, auth } = Address.parse(
      JSON.parse(this.core.secrets.open(row.address, `push:${row.sessionId}`)),
    )
    const { authorization, encrypt } = await import('./encrypt')
    const { status, headers } = await this.outgoing.fetch({
      method: 'POST',
      url: endpoint,
      headers: {
        authorization: authorization(await this.#keys(), endpoint, this.subject),
        'content-type': 'application/octet-stream',
        'content-encoding': 'aes128gcm',
        ttl: String(TTL_SECONDS),
        urgency: message.kind === 'approval' || message.kind === 'dm' ? 'high' : 'normal',
      },
      body: encrypt(JSON.stringify(message), { p256dh, auth }),
      maxRedirects: 0,
    })
    if (status >= 200 && status < 300) return { is: 'sent' }
    if (status === 404 || status === 410) return { is: 'gone' }
    const seconds = Number(headers['retry-after'] ?? 0)
    if (status === 429 || status >= 500)
      return { is: 'later', afterMs: Math.min(Number.isFinite(seconds) ? seconds * 1000 : 0, LONGEST_WAIT_MS) }
    return { is: 'refused', status }
  }

  /** Made once, when they are first needed, and kept sealed like all secrets. */
  #keys(): Promise<Vapid> {
    this.#vapid ??= this.#load().catch((error: unknown) => {
      this.#vapid = undefined
      throw error
    })
    return this.#vapid
  }

  async #load(): Promise<Vapid> {
    const { settings, secrets, db } = this.core
    const stored = await settings.get(SETTING)
    if (stored !== undefined) return Keys.parse(JSON.parse(secrets.open(stored, SETTING)))
    const made = (await import('./encrypt')).makeVapid()
    return db.tx(async (tx) => {
      // Another server of the same database may have made them meanwhile.
      const now = await settings.read(tx, SETTING)
      if (now !== undefined) return Keys.parse(JSON.parse(secrets.open(now, SETTING)))
      await settings.put(tx, SETTING, secrets.seal(JSON.stringify(made), SETTING))
      return made
    })
  }
}

/** An error of the network, after which another attempt may succeed. */
export const isPassing = (error: unknown): boolean =>
  error instanceof NekodeError && (error.code === 'unreachable' || error.code === 'timeout')
