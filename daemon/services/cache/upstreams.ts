import { NekodeError } from '@shared/errors'

/** An endpoint that the proxy may call, and no other. */
export interface Upstream {
  name: string
  /** Without a slash at the end. */
  base: string
  /** Name of the secret that is its key, for callers that bring none. */
  secret?: string | undefined
  /** Nobody said that agents may use that secret: only the user of this computer does. */
  isOwners?: true
}

const DEFAULTS: readonly Upstream[] = [
  { name: 'openai', base: 'https://api.openai.com', secret: 'openai', isOwners: true },
  { name: 'anthropic', base: 'https://api.anthropic.com', secret: 'anthropic', isOwners: true },
]
const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/

/**
 * The endpoints by name: OpenAI and Anthropic, and those of the settings, which may also put another address in their place.
 * @param settings each `name=address`, or `name=address,secret:NAME`
 * @throws NekodeError precondition `config_invalid`
 */
export function parseUpstreams(settings: readonly string[]): Map<string, Upstream> {
  const found = new Map(DEFAULTS.map((upstream) => [upstream.name, upstream]))
  for (const setting of settings) {
    const [, name = '', address = '', secret] = /^([^=]*)=(.+?)(?:,secret:([A-Za-z0-9_.-]+))?$/.exec(setting) ?? []
    const base = baseOf(address)
    if (!NAME.test(name) || base === undefined) throw refused(setting)
    found.set(name, { name, base, ...(secret === undefined ? {} : { secret }) })
  }
  return found
}

/** An address as the base of an endpoint; undefined when it is none. Credentials have no place in it. */
export function baseOf(address: string): string | undefined {
  const url = URL.parse(address)
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (!url || !isWeb || url.username || url.password || url.search || url.hash) return undefined
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** The address of `path`, which begins with a slash, below the base. It never leaves the base's host. */
export function addressOf({ base }: Pick<Upstream, 'base'>, path: string, search = ''): string {
  // Some write the version into the base, as most SDKs want it, and their SDK asks for it again.
  const version = /\/v\d+$/.exec(base)?.[0]
  const below = version && path.startsWith(`${version}/`) ? path.slice(version.length) : path
  return `${base}${below}${search}`
}

const refused = (setting: string): NekodeError =>
  new NekodeError('precondition', `“${setting.split('=')[0]}=…” of cacheUpstreams is not an endpoint.`, {
    code: 'config_invalid',
    next: 'Write name=https://host/path, or name=https://host/path,secret:NAME for one with a key of its own.',
  })
