import { z } from 'zod'
import { isSigningSecret, sign } from '../../webhooks/signature'
import type { Adapter, Outgoing, Settings } from '../adapter'
import { field, secretField, urlField } from '../form'
import type { Provider } from '../provider'

/** Seconds of Unix time are what the specification wants; the date is for readers of the body. */
const bodyOf = (o: Outgoing): string =>
  JSON.stringify({
    type: o.type,
    timestamp: new Date(o.timestamp).toISOString(),
    data: o.data,
    target: o.target,
    text: o.text,
    deliveryId: o.id,
    ...(o.replyTo === null ? {} : { replyTo: o.replyTo }),
  })

const text = (settings: Settings, name: string): string => String(settings[name] ?? '')

const signed: Adapter = {
  request: (settings, outgoing, now) => {
    const body = bodyOf(outgoing)
    const seconds = Math.floor(now / 1000)
    return {
      method: 'POST',
      url: text(settings, 'url'),
      body,
      headers: {
        'content-type': 'application/json',
        'webhook-id': outgoing.id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': sign(text(settings, 'secret'), outgoing.id, seconds, body),
      },
    }
  },
}

const RESERVED_HEADERS = new Set(['host', 'content-length', 'content-type', 'transfer-encoding', 'connection'])

const plain: Adapter = {
  request: (settings, outgoing) => ({
    method: 'POST',
    url: text(settings, 'url'),
    body: JSON.stringify({ [text(settings, 'text_field') || 'text']: outgoing.text, ...envelope(settings, outgoing) }),
    headers: {
      'content-type': 'application/json',
      'webhook-id': outgoing.id,
      ...(settings.header_name === undefined
        ? {}
        : { [text(settings, 'header_name').toLowerCase()]: text(settings, 'header_value') }),
    },
  }),
}

const envelope = (settings: Settings, o: Outgoing): Record<string, unknown> =>
  settings.text_only === true ? {} : { type: o.type, target: o.target, data: o.data, deliveryId: o.id }

export const webhookProviders: Provider[] = [
  {
    name: 'webhook',
    kind: 'webhook',
    displayName: 'Webhook',
    description: 'Signed requests to and from a program of yours, as Standard Webhooks has them.',
    authModes: ['webhook_signature', 'bearer'],
    form: z.strictObject({
      url: urlField('Address that events are sent to').optional(),
      secret: secretField('Signing secret (whsec_…); one is made when it is left out', 100)
        .refine(isSigningSecret, 'must be whsec_ and 24 to 64 bytes in base64')
        .meta({ title: 'Signing secret', writeOnly: true })
        .optional(),
    }),
    sends: (settings) => (settings.url === undefined ? 'url' : undefined),
    adapter: signed,
    signs: true,
  },
  {
    name: 'generic',
    kind: 'webhook',
    displayName: 'Any HTTP service',
    description: 'A JSON request with the text and the event; for services that take messages at an address.',
    authModes: ['none'],
    form: z.strictObject({
      url: urlField('Address'),
      text_field: field('Name of the field that holds the text', 64).optional(),
      text_only: z.boolean().meta({ title: 'Send the text alone, without the event' }).optional(),
      header_name: field('Name of a header with a credential', 64)
        .regex(/^[A-Za-z0-9-]+$/, 'must be a header name')
        .refine((name) => !RESERVED_HEADERS.has(name.toLowerCase()), 'is set by the server')
        .meta({ title: 'Name of a header with a credential' })
        .optional(),
      header_value: secretField('Value of that header', 2000)
        .regex(/^[\x20-\x7e]+$/, 'must be visible ASCII')
        .meta({ title: 'Value of that header', writeOnly: true })
        .optional(),
    }),
    sends: (s) => {
      if (s.url === undefined) return 'url'
      return s.header_name !== undefined && s.header_value === undefined ? 'header_value' : undefined
    },
    adapter: plain,
  },
]
