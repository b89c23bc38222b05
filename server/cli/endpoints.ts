import { EndpointAuthMode, type InteractionEndpoint } from '@shared/contract'
import { z } from 'zod'
import type { Connection } from '@shared/cli/account'
import { command, group } from '@shared/cli/command'
import { usage } from '@shared/cli/exit'
import { confirm } from '@shared/cli/input'
import type { Host } from '@shared/cli/host'
import { findEndpoint, findTarget } from '@shared/cli/names'
import { route, routes, unroute, why } from './routes'
import { json, oneLine } from '@shared/cli/text'
import { oneOf, whole } from '@shared/cli/values'

const endpoint = { type: 'positional', required: true, description: 'The endpoint: its name or id' } as const

const directions = (e: InteractionEndpoint): string =>
  [e.outboundEnabled ? 'out' : '', e.inboundEnabled ? 'in' : ''].filter((way) => way !== '').join(', ') || 'off'

const list = command({
  name: 'list',
  description: 'What the server is connected to',
  args: { limit: { type: 'string', default: '100', description: 'How many' } },
  examples: ['nekode endpoints'],
  notes: ['JSON: a page {"items", "nextCursor"?} of endpoints.'],
  run: async ({ args, out, connect }) => {
    const limit = whole('limit', args.limit, 1, 200)
    const { call } = await connect()
    out.list(
      await call('GET /api/interaction-endpoints', { query: { limit } }),
      [
        { title: 'name', text: (e) => e.displayName, style: () => 'bold' },
        { title: 'provider', text: (e) => e.provider },
        { title: 'goes', text: directions },
        { title: 'channel', text: (e) => e.target ?? '' },
        { title: 'id', text: (e) => e.id },
      ],
      'The server is connected to nothing.',
    )
  },
})

const show = command({
  name: 'show',
  description: 'One endpoint with its settings; secrets are ***',
  args: { endpoint },
  examples: ['nekode endpoints show "Build server"'],
  notes: ['JSON: the endpoint.'],
  run: async ({ args, out, connect }) => {
    const e = await findEndpoint(await connect(), args.endpoint)
    out.record(e, [
      ['id', e.id],
      ['name', e.displayName],
      ['provider', e.provider],
      ['goes', directions(e)],
      ['channel', e.target ?? ''],
      ['proves itself by', e.authMode],
      ['settings', e.config === null ? 'for admins' : oneLine(json(e.config))],
      ['changed', out.ago(e.updatedAt)],
    ])
  },
})

const providers = command({
  name: 'providers',
  description: 'What endpoints can be connected to, and their settings',
  args: {},
  examples: ['nekode endpoints providers', 'nekode endpoints providers --json'],
  notes: ['JSON: {"items"} of providers, each with the JSON Schema of its settings.'],
  run: async ({ out, connect }) => {
    const { call } = await connect()
    out.list(
      await call('GET /api/interaction-endpoints/providers'),
      [
        { title: 'provider', text: (p) => p.provider, style: () => 'bold' },
        { title: 'name', text: (p) => p.displayName },
        {
          title: 'goes',
          text: (p) => [p.outbound ? 'out' : '', p.inbound ? 'in' : ''].filter((way) => way !== '').join(', ') || '-',
        },
        { title: 'settings', text: (p) => Object.keys(Object(p.configSchema.properties)).join(' ') },
      ],
      'There are none.',
    )
  },
})

const settings = {
  url: { type: 'string', valueHint: 'URL', description: 'Address that events are sent to' },
  'config-stdin': { type: 'boolean', description: 'Read settings as a JSON object from standard input' },
  channel: { type: 'string', valueHint: 'TARGET', description: 'Where what comes in is written' },
  in: { type: 'boolean', description: 'Take messages in (--no-in: not any more)' },
  out: { type: 'boolean', description: 'Send events out (--no-out: not any more)' },
  auth: { type: 'string', description: `How it proves itself: ${EndpointAuthMode.options.join(', ')}` },
} as const

interface Settings {
  url?: string | undefined
  'config-stdin'?: boolean | undefined
  channel?: string | undefined
  in?: boolean | undefined
  out?: boolean | undefined
  auth?: string | undefined
}

/** What the options of `create` and `update` say. Secrets come from standard input only: others can read command lines. */
async function bodyOf(args: Settings, host: Host, connection: Connection) {
  const config = {
    ...(args['config-stdin'] ? await readConfig(host) : {}),
    ...(args.url === undefined ? {} : { url: args.url }),
  }
  return {
    ...(Object.keys(config).length ? { config } : {}),
    ...(args.channel === undefined ? {} : { target: await findTarget(connection, args.channel) }),
    ...(args.in === undefined ? {} : { inboundEnabled: args.in }),
    ...(args.out === undefined ? {} : { outboundEnabled: args.out }),
    ...(args.auth === undefined ? {} : { authMode: oneOf('--auth', args.auth, EndpointAuthMode.options) }),
  }
}

async function readConfig(host: Host): Promise<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(await host.readInput()))
  } catch {
    // What is wrong with it may quote a secret.
    throw usage('Standard input is no JSON object.', 'Such as {"webhook_url": "https://…"}.')
  }
}

const create = command({
  name: 'create',
  description: 'Connect the server to something',
  args: {
    provider: { type: 'positional', required: true, description: 'webhook, generic, slack, … (see “providers”)' },
    name: { type: 'positional', required: true, description: 'What it is called' },
    ...settings,
  },
  examples: [
    'nekode endpoints create webhook "Build server" --url https://ci.example/hook --out',
    'nekode endpoints create webhook Alerts --channel ops --in',
    'nekode endpoints create slack Team --config-stdin --out < slack.json',
  ],
  notes: ['Standard output has the signing secret when one was made; it is shown this once. JSON: the endpoint.'],
  run: async ({ args, host, out, connect }) => {
    const connection = await connect()
    const made = await connection.call('POST /api/interaction-endpoints', {
      body: { provider: args.provider, displayName: args.name, ...(await bodyOf(args, host, connection)) },
    })
    out.note(`Connected ${made.displayName} (${made.id}).`)
    out.show(made, () => made.secret ?? '')
    if (made.secret !== undefined) out.note('That is its signing secret. Keep it now: it is not shown again.')
    if (made.inboundEnabled) out.note(`It writes with POST /api/webhooks/${made.id}.`)
  },
})

const update = command({
  name: 'update',
  description: 'Change an endpoint; what is not named stays',
  args: { endpoint, name: { type: 'string', description: 'Another name' }, ...settings },
  examples: ['nekode endpoints update Alerts --no-in', 'nekode endpoints update Team --config-stdin < slack.json'],
  notes: ['In settings “***” keeps a secret and null removes one. JSON: the endpoint.'],
  run: async ({ args, host, out, connect }) => {
    const connection = await connect()
    const { id } = await findEndpoint(connection, args.endpoint)
    const body = {
      ...(args.name === undefined ? {} : { displayName: args.name }),
      ...(await bodyOf(args, host, connection)),
    }
    if (!Object.keys(body).length) throw usage('Nothing is to be changed.', 'Look at the help: --help.')
    const changed = await connection.call('PATCH /api/interaction-endpoints/{id}', { params: { id }, body })
    out.show(changed, () => `Changed ${changed.displayName}.`)
  },
})

const remove = command({
  name: 'remove',
  description: 'Remove an endpoint; what still waits to go there is canceled',
  args: { endpoint, yes: { type: 'boolean', description: 'Do not ask' } },
  examples: ['nekode endpoints remove Alerts --yes'],
  run: async ({ args, host, out, connect }) => {
    const connection = await connect()
    const { id, displayName } = await findEndpoint(connection, args.endpoint)
    await confirm(host, args.yes, `Remove ${displayName} (${id})?`)
    const done = await connection.call('DELETE /api/interaction-endpoints/{id}', { params: { id } })
    out.show(done, () => `Removed ${displayName}.`)
  },
})

const test = command({
  name: 'test',
  description: 'Check the settings of an endpoint and send it a test message',
  args: { endpoint },
  examples: ['nekode endpoints test "Build server"'],
  notes: ['JSON: {"ready", "summary", "checks", "endpoint"}. Exit code 1 when it does not work.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const { id } = await findEndpoint(connection, args.endpoint)
    const result = await connection.call('POST /api/interaction-endpoints/{id}/test', { params: { id } })
    out.show(result, () =>
      result.checks.map((c) => `${c.ok ? 'ok' : 'failed'}  ${oneLine(`${c.name}: ${c.detail}`)}`).join('\n'),
    )
    return result.ready ? 0 : 1
  },
})

const secret = command({
  name: 'secret',
  description: 'Make a new signing secret; the old one ends at once',
  args: { endpoint },
  examples: ['nekode endpoints secret Alerts > secret.txt'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const { id } = await findEndpoint(connection, args.endpoint)
    const made = await connection.call('POST /api/interaction-endpoints/{id}/secret', { params: { id } })
    out.show(made, () => made.secret)
  },
})

const token = command({
  name: 'token',
  description: 'Make a new token for what an endpoint sends in; the old one ends at once',
  args: { endpoint },
  examples: ['nekode endpoints token Alerts > token.txt'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const { id } = await findEndpoint(connection, args.endpoint)
    const made = await connection.call('POST /api/interaction-endpoints/{id}/token', { params: { id } })
    out.show(made, () => made.token)
  },
})

export const endpoints = group({
  name: 'endpoints',
  description: 'Webhooks and chat systems that the server is connected to',
  examples: [
    'nekode endpoints',
    'nekode endpoints create webhook "Build server" --url https://ci.example/hook --out',
    'nekode endpoints route general "Build server"',
  ],
  default: 'list',
  subCommands: { list, show, providers, create, update, remove, test, secret, token, routes, route, unroute, why },
})
