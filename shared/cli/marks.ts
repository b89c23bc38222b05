import { Emoji, type Reaction } from '@shared/contract'
import { command } from './command'
import { usage } from './exit'
import { findTarget } from './names'
import { messageText } from './show'
import { whole } from './values'

const id = { type: 'positional', required: true, description: 'The message: msg_…' } as const

const reactionText = ({ emoji, by }: Reaction): string => `${emoji} ${by.length}`

export const react = command({
  name: 'react',
  description: 'React to a message with an emoji',
  args: {
    id,
    emoji: { type: 'positional', required: true, description: 'One emoji' },
    remove: { type: 'boolean', description: 'Take the reaction back' },
  },
  examples: [
    'nekode react msg_0198c2f4a1b27c3e9d5f60718293a4b5 👍',
    'nekode react msg_0198c2f4a1b27c3e9d5f60718293a4b5 👍 --remove',
  ],
  notes: ['JSON: the message.'],
  run: async ({ args, out, connect }) => {
    if (!Emoji.safeParse(args.emoji).success) throw usage(`“${args.emoji}” is not one emoji.`)
    const { call } = await connect()
    const params = { id: args.id, emoji: args.emoji }
    const message = args.remove
      ? await call('DELETE /api/messages/{id}/reactions/{emoji}', { params })
      : await call('PUT /api/messages/{id}/reactions/{emoji}', { params })
    out.show(message, () => message.reactions.map(reactionText).join('  ') || 'Nobody reacts to it.')
  },
})

export const pin = command({
  name: 'pin',
  description: 'Pin a message to its channel',
  args: { id, remove: { type: 'boolean', description: 'Unpin it' } },
  examples: [
    'nekode pin msg_0198c2f4a1b27c3e9d5f60718293a4b5',
    'nekode pin msg_0198c2f4a1b27c3e9d5f60718293a4b5 --remove',
  ],
  notes: ['“nekode pins CHANNEL” lists what is pinned. JSON: the message.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const params = { id: args.id }
    const message = args.remove
      ? await call('DELETE /api/messages/{id}/pin', { params })
      : await call('PUT /api/messages/{id}/pin', { params })
    out.show(message, () => `${args.remove ? 'Unpinned' : 'Pinned'} ${message.id} in ${message.target}.`)
  },
})

export const pins = command({
  name: 'pins',
  description: 'What is pinned to a channel, the latest pinned first',
  args: { channel: { type: 'positional', required: true, description: 'The channel, person (@name) or dm:…' } },
  examples: ['nekode pins general'],
  notes: ['JSON: {"items"} of messages.'],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const target = await findTarget(connection, args.channel)
    const page = await connection.call('GET /api/channels/{target}/pins', { params: { target } })
    if (page.items.length === 0) out.note('Nothing is pinned.')
    out.show(page, () => page.items.map((message) => messageText(message, out)).join('\n\n'))
  },
})

export const save = command({
  name: 'save',
  description: 'Keep a message at hand, for yourself alone',
  args: { id, remove: { type: 'boolean', description: 'Let go of it' } },
  examples: [
    'nekode save msg_0198c2f4a1b27c3e9d5f60718293a4b5',
    'nekode save msg_0198c2f4a1b27c3e9d5f60718293a4b5 --remove',
  ],
  notes: ['“nekode saved” lists what you keep. JSON: the saved message, with --remove {"removed", "savedMessage"?}.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const params = { id: args.id }
    if (args.remove) {
      const gone = await call('DELETE /api/messages/{id}/save', { params })
      out.show(gone, () => (gone.removed ? `Let go of ${args.id}.` : 'It was not saved.'))
      return
    }
    const saved = await call('POST /api/messages/{id}/save', { params })
    out.show(saved, () => `Saved ${saved.messageId} of ${saved.target}.`)
  },
})

export const saved = command({
  name: 'saved',
  description: 'Messages that you keep at hand, the latest saved first',
  args: {
    target: { type: 'string', description: 'Only of this channel, person (@name) or dm:…' },
    limit: { type: 'string', default: '50', description: 'How many' },
  },
  examples: ['nekode saved', 'nekode saved --target general --json'],
  notes: ['JSON: a page {"items", "nextCursor"?} of saved messages.'],
  run: async ({ args, out, connect }) => {
    const limit = whole('limit', args.limit, 1, 200)
    const connection = await connect()
    const where = args.target === undefined ? {} : { target: await findTarget(connection, args.target) }
    const page = await connection.call('GET /api/messages/saved', { query: { limit, ...where } })
    if (page.items.length === 0) out.note('Nothing is saved.')
    out.show(page, () =>
      page.items.map(({ message, target }) => `${out.paint('dim', target)}\n${messageText(message, out)}`).join('\n\n'),
    )
  },
})
