import type { ArgsDef } from 'citty'
import type { Host } from '@shared/cli/host'
import type { Output } from '@shared/cli/output'
import { sizeText } from '@shared/cli/text'
import { whole } from '@shared/cli/values'
import { NekodeError } from '@shared/errors'
import { formatDuration } from '@shared/duration'
import { daemonHome } from '@shared/home'
import { pathsOf } from '../config/paths'
import { tokenPath } from '../local/place'
import type { CacheEntry } from '../services/cache/contract'
import { command, group } from './command'
import { Exit, usage } from './exit'
import { withDaemon } from './local'
import { SELF } from './self'
import { configArg, loggerOf, readConfig } from './settings'

const MAX_PORT = 65_535
const MAX_LISTED = 1000

const whichArgs = {
  model: { type: 'string', description: 'Only of this model' },
  provider: { type: 'string', description: 'Only of this endpoint, as the list names it' },
  agent: {
    type: 'string',
    description: 'Only of this agent, by its name or id; “computer” is what no agent asked for',
  },
} as const satisfies ArgsDef

interface Which {
  model?: string | undefined
  provider?: string | undefined
  agent?: string | undefined
}

const which = ({ model, provider, agent }: Which) => ({
  ...(model === undefined ? {} : { model }),
  ...(provider === undefined ? {} : { provider }),
  ...(agent === undefined ? {} : { tenant: agent }),
})

const stats = command({
  name: 'stats',
  description: 'Show what the cache holds and has saved',
  args: {},
  examples: ['nekode-daemon cache stats'],
  async run({ host, out }) {
    const { type: _, ...figures } = await withDaemon(host, (client) => client.call('CacheStats', {}))
    const { bytes, max_bytes, hits, misses, hit_rate, memory_entries, memory_bytes } = figures
    out.record(figures, [
      ['entries', `${figures.entries} (${sizeText(bytes)} of ${sizeText(max_bytes)})`],
      ['in memory', `${memory_entries} (${sizeText(memory_bytes)})`],
      ['hits', `${hits} of ${hits + misses} (${Math.round(hit_rate * 100)} %)`],
      ['not looked up', String(figures.passes)],
      ['evicted', String(figures.evictions)],
      ['tokens saved', figures.total_tokens_saved.toLocaleString('en')],
      ['cost saved', dollars(figures.total_cost_saved)],
    ])
  },
})

const list = command({
  name: 'list',
  description: 'List answers, the latest used first',
  args: { ...whichArgs, limit: { type: 'string', valueHint: 'n', description: `At most so many (50, ${MAX_LISTED})` } },
  examples: ['nekode-daemon cache list', 'nekode-daemon cache list --model gpt-5-mini --limit 10 --json'],
  async run({ args, host, out }) {
    const limit = args.limit === undefined ? 50 : whole('limit', args.limit, 1, MAX_LISTED)
    const { entries } = await withDaemon(host, (client) => client.call('CacheList', { ...which(args), limit }))
    out.list<CacheEntry>(
      { items: entries },
      [
        { title: 'key', text: ({ key, name }) => name ?? key.slice(0, 12) },
        { title: 'model', text: ({ model }) => model },
        { title: 'api', text: ({ api }) => api },
        { title: 'of', text: ({ tenant }) => tenant },
        { title: 'tokens', text: ({ tokens_in, tokens_out }) => `${tokens_in} + ${tokens_out}` },
        { title: 'cost', text: ({ cost }) => (cost === null ? '' : dollars(cost)) },
        { title: 'hits', text: ({ hits }) => String(hits) },
        { title: 'size', text: ({ bytes }) => sizeText(bytes) },
        { title: 'used', text: ({ used_at }) => out.ago(used_at) },
        { title: 'good for', text: ({ expires_at }) => formatDuration(Math.max(0, roundly(expires_at - host.now()))) },
      ],
      'The cache is empty.',
    )
  },
})

const purge = command({
  name: 'purge',
  description: 'Take one answer out of the cache, or all of a model, an endpoint or an agent',
  args: {
    key: { type: 'positional', required: false, valueHint: 'key', description: 'The key of one, or how it begins' },
    ...whichArgs,
  },
  examples: ['nekode-daemon cache purge 3f2a91c07b44', 'nekode-daemon cache purge --model gpt-5-mini'],
  async run({ args, host, out }) {
    const by = which(args)
    if (args.key === undefined && Object.keys(by).length === 0)
      throw usage(
        'Say what to take out.',
        'A key, --model, --provider or --agent; everything: nekode-daemon cache clear',
      )
    const key = args.key === undefined ? undefined : await wholeKey(host, args.key)
    const input = { ...by, ...(key === undefined ? {} : { key }) }
    const { removed } = await withDaemon(host, (client) => client.call('CachePurge', input))
    if (removed === 0)
      throw new NekodeError('not_found', 'There is no such answer in the cache.', { code: 'not_found' })
    out.show({ removed }, () => (removed === 1 ? 'One answer is taken out.' : `${removed} answers are taken out.`))
  },
})

/** The list shows the beginning of a key. */
async function wholeKey(host: Host, given: string): Promise<string> {
  if (!/^[0-9a-f]{6,63}$/.test(given)) return given
  const { entries } = await withDaemon(host, (client) => client.call('CacheList', { limit: MAX_LISTED }))
  const found = entries.filter(({ key, name }) => name === given || (name === null && key.startsWith(given)))
  if (found.length > 1)
    throw usage(`${found.length} keys begin with ${given}.`, 'Give more of it: the list as --json has all.')
  return found[0]?.key ?? given
}

const clear = command({
  name: 'clear',
  description: 'Take everything out of the cache',
  args: {},
  examples: ['nekode-daemon cache clear'],
  async run({ host, out }) {
    await withDaemon(host, (client) => client.call('CacheClear', {}))
    out.show({ cleared: true }, () => 'The cache is empty.')
  },
})

const serve = command({
  name: 'serve',
  description: 'Serve the proxy in front of models’ APIs, or say where the daemon serves it',
  args: {
    ...configArg,
    port: {
      type: 'string',
      valueHint: 'port',
      description: 'Port on loopback; 0: any free one (that of the local API)',
    },
  },
  examples: ['nekode-daemon cache serve', 'nekode-daemon cache serve --port 4200'],
  notes: [
    'The daemon serves the proxy as long as it runs. Where none runs this command does, until it is interrupted.',
    'Programs send the token of this daemon in the place of their API key, or as x-nekode-key beside it. The key of the endpoint is then the secret ' +
      '“openai” or “anthropic” of this computer (nekode-daemon secrets set openai), or what cacheUpstreams names.',
  ],
  async run({ args, host, out }) {
    const running = await proxyOf(host)
    if (running !== undefined) {
      if (args.port !== undefined)
        out.note('The daemon of this home runs already, on the port of its settings (localPort).')
      show(out, running, tokenPath(pathsOf(daemonHome(host.env))))
      return Exit.ok
    }
    const config = readConfig(args)
    const given = args.port ?? (config.localPort === 'none' ? '0' : config.localPort)
    const port = whole('port', given, 0, MAX_PORT)
    const { serveAlone } = await import('../services/cache/standalone')
    const ended = Promise.withResolvers<void>()
    const log = loggerOf(config)
    const alone = await serveAlone({ config, log, env: host.env, self: SELF, port, shutdown: ended.resolve })
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ended.resolve())
    show(out, alone.url, tokenPath(config.paths))
    await ended.promise
    await alone.stop()
    return Exit.ok
  },
})

/** Where the daemon of this home serves it; undefined when none runs. */
async function proxyOf(host: Host): Promise<string | undefined> {
  try {
    const { url } = await withDaemon(host, (client) => client.call('CacheProxy', {}))
    if (url !== null) return url
  } catch (error) {
    if (error instanceof NekodeError && error.code === 'daemon_not_running') return undefined
    throw error
  }
  throw new NekodeError('precondition', 'The daemon runs without its local HTTP API, of which the proxy is a part.', {
    code: 'config_invalid',
    next: 'Set localPort to a port and restart the daemon.',
  })
}

/** Lines for a shell. The token stays in its file. */
function show(out: Output, url: string, token: string): void {
  const environment = {
    OPENAI_BASE_URL: `${url}/openai/v1`,
    ANTHROPIC_BASE_URL: `${url}/anthropic`,
  }
  out.show({ url, tokenFile: token, environment }, () =>
    [
      ...Object.entries(environment).map(([name, value]) => `export ${name}=${value}`),
      ...['OPENAI_API_KEY', 'ANTHROPIC_API_KEY'].map(
        (name) => `export ${name}="$(cat '${token.replaceAll("'", `'\\''`)}')"`,
      ),
    ].join('\n'),
  )
}

export const cache = group({
  name: 'cache',
  description: 'Answers of models that were given before, and the proxy that gives them again',
  examples: ['nekode-daemon cache stats', 'nekode-daemon cache list'],
  subCommands: { stats, list, purge, clear, serve },
})

const dollars = (usd: number): string => `$${usd.toFixed(usd > 0 && usd < 1 ? 4 : 2)}`
/** To the second, or to the minute where that says enough. */
const roundly = (ms: number): number =>
  Math.floor(ms / (ms > 3_600_000 ? 60_000 : 1000)) * (ms > 3_600_000 ? 60_000 : 1000)
