import { type Tunnel, TunnelPolicy, TunnelState } from '@shared/contract'
import { command, group } from './command'
import { usage } from './exit'
import { findComputer, findTarget } from './names'
import type { Style } from './table'
import { oneLine } from './text'
import { oneOf, span, whole } from './values'

const STATE: Record<TunnelState, Style | undefined> = {
  pending_approval: 'yellow',
  active: 'green',
  rejected: 'dim',
  closed: 'dim',
}

const list = command({
  name: 'list',
  description: 'Previews of what runs on computers: those that are open or wait for somebody',
  args: {
    state: { type: 'string', default: 'open', description: 'open, pending_approval, active, rejected, closed or all' },
    limit: { type: 'string', default: '50', description: 'How many, newest first' },
  },
  examples: ['nekode tunnels', 'nekode tunnels list --state all --json'],
  notes: ['JSON: a page {"items", "nextCursor"?} of tunnels.'],
  run: async ({ args, out, connect }) => {
    const state = oneOf('--state', args.state, ['open', ...TunnelState.options, 'all'])
    const limit = whole('limit', args.limit, 1, 200)
    const { call } = await connect()
    const query = state === 'open' || state === 'all' ? { limit } : { limit, state }
    const page = await call('GET /api/tunnels', { query })
    const items =
      state === 'open' ? page.items.filter(({ state: is }) => is === 'active' || is === 'pending_approval') : page.items
    out.list(
      { ...page, items },
      [
        { title: 'id', text: (t) => t.id },
        { title: 'port', text: (t) => String(t.localPort) },
        { title: 'state', text: (t) => t.state.replace('_', ' '), style: (t) => STATE[t.state] },
        { title: 'where', text: (t) => t.target ?? '(you)' },
        { title: 'by', text: (t) => `@${t.creator.name}`, style: () => 'cyan' },
        { title: 'what', text: (t) => oneLine(t.label) },
        { title: 'address', text: (t) => t.url ?? '' },
      ],
      'Nothing is shown. Show a port: nekode tunnels open PORT --computer NAME',
    )
  },
})

const opened = (t: Tunnel): string =>
  t.state === 'active'
    ? `Port ${t.localPort} is shown${t.target === null ? '' : ` to ${t.target}`}${t.url === null ? '' : ` at ${t.url}`} (${t.id}).`
    : `Asked for (${t.id}).`

const open = command({
  name: 'open',
  description: 'Show a local port of a computer to people',
  args: {
    port: { type: 'positional', required: true, description: 'The port that the application listens on there' },
    computer: {
      type: 'string',
      valueHint: 'NAME',
      description: 'Id, name or host name of the computer; nekode-daemon means its own',
    },
    to: { type: 'string', valueHint: 'CHANNEL', description: 'Whose members see it; without it you alone do' },
    policy: { type: 'string', description: 'private, members or public' },
    label: { type: 'string', description: 'What there is to be seen' },
    for: { type: 'string', default: '2h', description: 'How long: 30m, 2h, at most 24h' },
  },
  examples: ['nekode tunnels open 5173 --computer build-box --to general --label "new start page"'],
  notes: ['JSON: the tunnel.'],
  run: async ({ args, out, connect }) => {
    const localPort = whole('port', args.port, 1, 65_535)
    const ttlSeconds = Math.floor(span('for', args.for) / 1000)
    const accessPolicy = args.policy === undefined ? undefined : oneOf('--policy', args.policy, TunnelPolicy.options)
    const connection = await connect()
    const computerId =
      args.computer === undefined ? connection.computerId : (await findComputer(connection, args.computer)).id
    if (computerId === undefined) throw usage('Name the computer: --computer NAME.')
    const tunnel = await connection.call('POST /api/tunnels', {
      body: {
        computerId,
        localPort,
        ttlSeconds,
        ...(args.to === undefined ? {} : { target: await findTarget(connection, args.to) }),
        ...(accessPolicy === undefined ? {} : { accessPolicy }),
        ...(args.label === undefined ? {} : { label: args.label }),
      },
    })
    out.show(tunnel, () => opened(tunnel))
  },
})

const id = { type: 'positional', required: true, description: 'The tunnel: tun_…' } as const
const EXAMPLE = 'tun_0198c2f4a1b27c3e9d5f60718293a4b5'

const approve = command({
  name: 'approve',
  description: 'Open what an agent asks to show',
  args: { id },
  examples: [`nekode tunnels approve ${EXAMPLE}`],
  notes: ['JSON: the tunnel.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const tunnel = await call('POST /api/tunnels/{id}/approve', { params: { id: args.id } })
    out.show(tunnel, () => opened(tunnel))
  },
})

const reject = command({
  name: 'reject',
  description: 'Refuse what an agent asks to show',
  args: { id, reason: { type: 'string', description: 'Why' } },
  examples: [`nekode tunnels reject ${EXAMPLE} --reason "not on this computer"`],
  notes: ['JSON: the tunnel.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const body = args.reason === undefined ? {} : { reason: args.reason }
    const tunnel = await call('POST /api/tunnels/{id}/reject', { params: { id: args.id }, body })
    out.show(tunnel, () => `Refused: port ${tunnel.localPort}.`)
  },
})

const close = command({
  name: 'close',
  description: 'End a preview, and what is open through it',
  args: { id, reason: { type: 'string', description: 'Why' } },
  examples: [`nekode tunnels close ${EXAMPLE}`],
  notes: ['JSON: the tunnel.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const body = args.reason === undefined ? {} : { reason: args.reason }
    const tunnel = await call('POST /api/tunnels/{id}/close', { params: { id: args.id }, body })
    out.show(tunnel, () => `Closed: port ${tunnel.localPort}.`)
  },
})

const extend = command({
  name: 'extend',
  description: 'Keep a preview open for longer',
  args: { id, for: { type: 'string', default: '2h', description: 'How long from now: 30m, 2h, at most 24h' } },
  examples: [`nekode tunnels extend ${EXAMPLE} --for 8h`],
  notes: ['JSON: the tunnel.'],
  run: async ({ args, out, connect }) => {
    const ttlSeconds = Math.floor(span('for', args.for) / 1000)
    const { call } = await connect()
    const tunnel = await call('POST /api/tunnels/{id}/extend', { params: { id: args.id }, body: { ttlSeconds } })
    out.show(tunnel, () => `Open until ${new Date(tunnel.expiresAt).toISOString()}.`)
  },
})

export const tunnels = group({
  name: 'tunnels',
  description: 'Show what runs on computers, and decide what agents may show',
  examples: ['nekode tunnels', `nekode tunnels approve ${EXAMPLE}`],
  default: 'list',
  subCommands: { list, open, approve, reject, extend, close },
})
