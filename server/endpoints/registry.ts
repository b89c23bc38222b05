import type { EndpointAuthMode, EndpointKind, EndpointProvider } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { z } from 'zod'
import { fromZod } from '../http/errors'
import type { Adapter, Settings } from './adapter'
import { schemaOf } from './form'
import { chatProviders } from './providers/chats'
import { webhookProviders } from './providers/webhooks'

/** A kind of service that an endpoint connects to. */
export interface Provider {
  name: string
  kind: EndpointKind
  displayName: string
  description: string
  /** How what comes in may prove itself; `none` alone: nothing comes in. The first is the usual one. */
  authModes: readonly EndpointAuthMode[]
  form: z.ZodObject
  /** What is missing for sending: the name of a field. Undefined when it can send. */
  sends: (settings: Settings) => string | undefined
  /** Undefined while this version has none. */
  adapter?: Adapter
  /** Has a signing secret, which is made when none is given. */
  signs?: true
}

const all = new Map([...webhookProviders, ...chatProviders].map((p) => [p.name, p]))
const ALIASES: Record<string, string> = { wechat: 'weixin' }

export const providers = (): Provider[] => [...all.values()]

/** @throws NekodeError invalid `provider_unknown` */
export function providerOf(name: string): Provider {
  const found = all.get(ALIASES[name] ?? name)
  if (!found)
    throw new NekodeError('invalid', `There is no provider “${name}”.`, {
      code: 'provider_unknown',
      next: `It is one of ${[...all.keys()].join(', ')}.`,
    })
  return found
}

export const canReceive = (p: Provider): boolean => p.authModes.some((mode) => mode !== 'none')

/**
 * Settings as the provider's form has them.
 * @throws NekodeError invalid `config_invalid`, naming the fields and never their values
 */
export function checkConfig(provider: Provider, config: unknown): Record<string, unknown> {
  const parsed = provider.form.safeParse(config)
  if (parsed.success) return parsed.data
  const { message, details } = fromZod(parsed.error, 'config')
  throw new NekodeError('invalid', message, {
    code: 'config_invalid',
    next: 'GET /api/interaction-endpoints/providers shows the form of each provider.',
    ...(details === undefined ? {} : { details }),
  })
}

export const providerView = (p: Provider): EndpointProvider => ({
  provider: p.name,
  kind: p.kind,
  displayName: p.displayName,
  description: p.description,
  outbound: p.adapter !== undefined,
  inbound: canReceive(p),
  authModes: [...p.authModes],
  configSchema: schemaOf(p.form),
})
