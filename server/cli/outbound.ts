import { OutboundStatus } from '@shared/contract'
import { command, group } from '@shared/cli/command'
import { findEndpoint, findTarget } from '@shared/cli/names'
import { oneLine } from '@shared/cli/text'
import { listOf, oneOf, whole } from '@shared/cli/values'

const COLOURS: Partial<Record<OutboundStatus, 'red' | 'yellow' | 'green'>> = {
  failed: 'red',
  retrying: 'yellow',
  delivered: 'green',
}

const list = command({
  name: 'list',
  description: 'What is on its way to endpoints, or was, newest first',
  args: {
    status: { type: 'string', description: `Comma-separated: ${OutboundStatus.options.join(', ')}` },
    endpoint: { type: 'string', description: 'Only to this one: its name or id' },
    channel: { type: 'string', valueHint: 'TARGET', description: 'Only from this channel' },
    message: { type: 'string', valueHint: 'ID', description: 'Only of this message' },
    limit: { type: 'string', default: '50', description: 'How many' },
  },
  examples: ['nekode outbound', 'nekode outbound list --status failed,retrying --endpoint "Build server"'],
  notes: ['JSON: a page {"items", "nextCursor"?} of deliveries.'],
  run: async ({ args, out, connect }) => {
    const limit = whole('limit', args.limit, 1, 200)
    const statuses = listOf(args.status ?? '').map((status) => oneOf('--status', status, OutboundStatus.options))
    const connection = await connect()
    const query = {
      limit,
      ...(statuses.length ? { status: statuses.join(',') } : {}),
      ...(args.endpoint === undefined ? {} : { endpointId: (await findEndpoint(connection, args.endpoint)).id }),
      ...(args.channel === undefined ? {} : { target: await findTarget(connection, args.channel) }),
      ...(args.message === undefined ? {} : { messageId: args.message }),
    }
    out.list(
      await connection.call('GET /api/outbound-deliveries', { query }),
      [
        { title: 'id', text: (d) => d.id },
        { title: 'from', text: (d) => d.target },
        { title: 'what', text: (d) => d.eventKind },
        { title: 'to', text: (d) => d.endpointId },
        { title: 'status', text: (d) => d.status, style: (d) => COLOURS[d.status] },
        { title: 'tries', text: (d) => String(d.attemptCount) },
        { title: 'next', text: (d) => (d.nextRetryAt === null ? '' : out.ago(d.nextRetryAt)) },
        { title: 'error', text: (d) => oneLine(d.lastError) },
      ],
      'Nothing.',
    )
  },
})

const retry = command({
  name: 'retry',
  description: 'Try again at once what failed or waits',
  args: { id: { type: 'positional', required: true, description: 'The delivery: odlv_…' } },
  examples: ['nekode outbound retry odlv_0198c2f4a1b27c3e9d5f60718293a4b5'],
  notes: ['JSON: the delivery. It is sent under the same id as before.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const delivery = await call('POST /api/outbound-deliveries/{id}/retry', { params: { id: args.id } })
    out.show(delivery, () => `${delivery.id} is ${delivery.status}.`)
  },
})

export const outbound = group({
  name: 'outbound',
  description: 'What goes to endpoints',
  examples: ['nekode outbound', 'nekode outbound retry odlv_0198c2f4a1b27c3e9d5f60718293a4b5'],
  default: 'list',
  subCommands: { list, retry },
})
