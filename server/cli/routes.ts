import { NotificationKind, NotificationPreference } from '@shared/contract'
import type { Connection } from '@shared/cli/account'
import { command } from '@shared/cli/command'
import { findEndpoint, findTarget } from '@shared/cli/names'
import { oneOf, whole } from '@shared/cli/values'

/* What goes along which way: part of `nekode endpoints`. */

const KINDS = NotificationKind.options
const target = { type: 'positional', required: true, description: 'The channel' } as const

/** What endpoints are called, by id. */
async function namesOf({ call }: Connection): Promise<(id: string) => string> {
  const { items } = await call('GET /api/interaction-endpoints', { query: { limit: 200 } })
  const names = new Map(items.map((e) => [e.id, e.displayName]))
  return (id) => names.get(id) ?? id
}

export const routes = command({
  name: 'routes',
  description: 'What of which channel goes where',
  args: {
    channel: { type: 'string', valueHint: 'TARGET', description: 'Only of this channel' },
    limit: { type: 'string', default: '100', description: 'How many' },
  },
  examples: ['nekode endpoints routes', 'nekode endpoints routes --channel general --json'],
  notes: ['JSON: a page {"items", "nextCursor"?} of routes.'],
  run: async ({ args, out, connect }) => {
    const limit = whole('limit', args.limit, 1, 200)
    const connection = await connect()
    const query = {
      limit,
      ...(args.channel === undefined ? {} : { target: await findTarget(connection, args.channel) }),
    }
    const [page, name] = await Promise.all([
      connection.call('GET /api/notification-routes', { query }),
      namesOf(connection),
    ])
    out.list(
      page,
      [
        { title: 'id', text: (r) => r.id },
        { title: 'channel', text: (r) => (r.threadId === null ? r.target : `${r.target} ${r.threadId}`) },
        { title: 'what', text: (r) => (r.preference === 'all' ? r.eventKind : `${r.eventKind} (${r.preference})`) },
        { title: 'to', text: (r) => name(r.endpointId), style: () => 'bold' },
        { title: 'on', text: (r) => (r.enabled ? 'yes' : 'no') },
      ],
      'Nothing goes out.',
    )
  },
})

export const route = command({
  name: 'route',
  description: 'Send what happens in a channel to an endpoint',
  args: {
    channel: target,
    endpoint: { type: 'positional', required: true, description: 'The endpoint: its name or id' },
    kind: { type: 'string', default: 'message', description: KINDS.join(', ') },
    preference: { type: 'string', default: 'all', description: NotificationPreference.options.join(', ') },
    thread: { type: 'string', valueHint: 'ID', description: 'Only of this thread' },
  },
  examples: [
    'nekode endpoints route general "Build server"',
    'nekode endpoints route ops Team --kind all --preference mentions',
  ],
  notes: ['JSON: the route.'],
  run: async ({ args, out, connect }) => {
    const eventKind = oneOf('--kind', args.kind, KINDS)
    const preference = oneOf('--preference', args.preference, NotificationPreference.options)
    const connection = await connect()
    const { id: endpointId, displayName } = await findEndpoint(connection, args.endpoint)
    const made = await connection.call('POST /api/notification-routes', {
      body: {
        target: await findTarget(connection, args.channel),
        endpointId,
        eventKind,
        preference,
        ...(args.thread === undefined ? {} : { threadId: args.thread }),
      },
    })
    out.show(made, () => `${made.target} goes to ${displayName} (${made.id}).`)
  },
})

export const unroute = command({
  name: 'unroute',
  description: 'Remove a route',
  args: { id: { type: 'positional', required: true, description: 'The route: nroute_…' } },
  examples: ['nekode endpoints unroute nroute_0198c2f4a1b27c3e9d5f60718293a4b5'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const done = await call('DELETE /api/notification-routes/{id}', { params: { id: args.id } })
    out.show(done, () => `Removed ${args.id}.`)
  },
})

export const why = command({
  name: 'why',
  description: 'Where an event of a channel would go, and why not elsewhere',
  args: {
    channel: target,
    kind: { type: 'string', default: 'message', description: KINDS.filter((kind) => kind !== 'all').join(', ') },
    thread: { type: 'string', valueHint: 'ID', description: 'As if it were in this thread' },
  },
  examples: ['nekode endpoints why general', 'nekode endpoints why general --kind mention --json'],
  notes: ['JSON: {"items"} of routes with their scores, {"dropped"} of routes with reasons.'],
  run: async ({ args, out, connect }) => {
    const eventKind = oneOf('--kind', args.kind, NotificationKind.exclude(['all']).options)
    const connection = await connect()
    const query = {
      target: await findTarget(connection, args.channel),
      eventKind,
      ...(args.thread === undefined ? {} : { threadId: args.thread }),
    }
    const [found, name] = await Promise.all([
      connection.call('GET /api/notification-routes/resolve', { query }),
      namesOf(connection),
    ])
    out.show(found, () =>
      [
        ...found.items.map((r) => `goes to ${name(r.endpointId)} (${r.id}, score ${r.score})`),
        ...found.dropped.map(
          (d) => `not to ${name(d.route.endpointId)} (${d.route.id}): ${d.reason.replaceAll('_', ' ')}`,
        ),
      ].join('\n'),
    )
    if (!found.items.length && !found.dropped.length) out.note('The channel has no routes.')
  },
})
