import type { EndpointProvider } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { fromZod } from '../http/errors'
import { schemaOf } from './form'
import { chatProviders } from './providers/chats'
import { webhookProviders } from './providers/webhooks'
import type { Provider } from './provider'

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
