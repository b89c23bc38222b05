import { IncomingMessage } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { EndpointPrincipal } from '../access/principal'
import type { Core } from '../core'
import type { EndpointRow } from '../endpoints/book'
import type { ExternalMessages } from '../endpoints/external'
import type { EndpointService } from '../endpoints/service'
import { fromZod } from '../http/errors'
import { Rates } from '../limits/rates'
import type { MessageService } from '../messages/service'
import { type SignatureHeaders, verify } from './signature'

/** Messages of one endpoint. */
const RATE = { perSecond: 2, burst: 60 }

export interface Incoming {
  endpointId: string
  /** Who the credential stands for, when there was one. */
  caller: EndpointPrincipal | undefined
  signature: SignatureHeaders
  body: Uint8Array
}

/** What comes in from outside: proven, not too much of it, each once. */
export class WebhookService {
  readonly #rates = new Rates()

  constructor(
    private readonly core: Core,
    private readonly endpoints: EndpointService,
    private readonly messages: MessageService,
    private readonly external: ExternalMessages,
  ) {}

  /** Writes a message as the endpoint, into its channel. The same id again gets the same answer. */
  async receive(incoming: Incoming, now = Date.now()): Promise<{ messageId: string; duplicate: boolean }> {
    const endpoint = this.endpoints.row(incoming.endpointId)
    const externalId = this.#proven(endpoint, incoming, now)
    if (!endpoint.inboundEnabled || endpoint.channelId === null)
      throw new NekodeError('forbidden', 'This endpoint takes nothing in.', {
        code: 'inbound_disabled',
        next: 'An admin can switch it on.',
      })
    const seconds = this.#rates.take(endpoint.id, RATE)
    if (seconds > 0)
      throw new NekodeError('throttled', 'This endpoint sends too many messages.', {
        code: 'rate_limited',
        next: `Wait ${seconds} seconds.`,
        retryAfterSeconds: seconds,
      })
    const p = principalOf(endpoint, incoming.caller)
    const known = await this.external.known(endpoint.id, externalId)
    if (known !== undefined) return { messageId: known, duplicate: true }
    return this.#write(p, endpoint.channelId, externalId, parse(incoming.body))
  }

  async #write(
    p: EndpointPrincipal,
    channelId: string,
    externalId: string,
    said: IncomingMessage,
  ): Promise<{ messageId: string; duplicate: boolean }> {
    const channel = this.core.access.channelById(p, 'write', channelId)
    const content = said.content ?? said.text ?? ''
    if (content.trim() === '')
      throw new NekodeError('invalid', 'A message needs some text.', { code: 'invalid_request' })
    const threadId = said.threadId === undefined ? null : await this.#thread(p, channel.target, said.threadId)
    return this.core.db.tx(async (tx) => {
      const known = await this.external.known(p.id, externalId, tx.q)
      if (known !== undefined) return { messageId: known, duplicate: true }
      const post = { content: content.toWellFormed(), kind: said.kind ?? 'note', threadId }
      const { message } = await this.messages.postIn(tx, p, channel, post)
      await this.external.remember(tx, p.id, externalId, message.id)
      return { messageId: message.id, duplicate: false }
    })
  }

  /** The first message of a thread of the channel, whichever of its messages is named. */
  async #thread(p: EndpointPrincipal, target: string, id: string): Promise<string> {
    const { message } = await this.messages.get(p, id)
    if (message.target !== target)
      throw new NekodeError('not_found', `There is no such thread in ${target}.`, { code: 'thread_unknown' })
    return message.threadId ?? message.id
  }

  /** @returns the sender's id of the message */
  #proven(endpoint: EndpointRow, { caller, signature, body }: Incoming, now: number): string {
    if (endpoint.authMode === 'bearer') {
      if (caller?.id !== endpoint.id)
        throw new NekodeError('unauthenticated', 'This needs the token of this endpoint.', { code: 'login_required' })
      if (signature.id === undefined || !/^[\x21-\x7e]{1,128}$/.test(signature.id))
        throw new NekodeError('invalid', 'The header webhook-id is missing or malformed.', {
          code: 'invalid_request',
          next: 'Send an id of your own for each message, the same one when you repeat it.',
        })
      return signature.id
    }
    const { secret } = this.endpoints.settings(endpoint)
    if (endpoint.authMode !== 'webhook_signature' || typeof secret !== 'string')
      throw new NekodeError('forbidden', 'This endpoint takes nothing in.', { code: 'inbound_disabled' })
    return verify(secret, signature, body, now)
  }
}

/** Whoever proves to be an endpoint by a signature has no credential that could be revoked in the middle. */
const NEVER = new AbortController().signal

const principalOf = (row: EndpointRow, caller: EndpointPrincipal | undefined): EndpointPrincipal => ({
  kind: 'endpoint',
  id: row.id,
  name: row.provider,
  displayName: row.displayName,
  channelId: row.channelId,
  credentialId: caller?.credentialId ?? row.id,
  revoked: caller?.revoked ?? NEVER,
})

function parse(body: Uint8Array): IncomingMessage {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    throw new NekodeError('invalid', 'The body is not valid JSON in UTF-8.', { code: 'invalid_request', cause })
  }
  const parsed = IncomingMessage.safeParse(value)
  if (!parsed.success) throw fromZod(parsed.error, 'body')
  return parsed.data
}
