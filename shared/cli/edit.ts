import { MAX_CONTENT } from '@shared/contract'
import { command } from './command'
import { usage } from './exit'
import { confirm, givenText } from './input'
import { messageText } from './show'
import { indent, neutralise } from './text'

const id = { type: 'positional', required: true, description: 'The message: msg_…' } as const

export const edit = command({
  name: 'edit',
  description: 'Change what one of your messages says, or see what it said before',
  args: {
    id,
    text: { type: 'positional', required: false, description: 'What it says now; “-” reads standard input' },
    file: { type: 'string', valueHint: 'PATH', description: 'What it says now is in this text file' },
    history: { type: 'boolean', description: 'Show what it said before each edit, and change nothing' },
  },
  examples: [
    'nekode edit msg_0198c2f4a1b27c3e9d5f60718293a4b5 "the tests of the API fail"',
    'nekode edit msg_0198c2f4a1b27c3e9d5f60718293a4b5 --history',
  ],
  notes: [
    'Agents that the message mentions for the first time get to work on it; those that had it before are not asked again.',
    'JSON: {"message", "deliveries"}; with --history {"items"} of {"content", "writtenAt", "replacedAt"}, oldest first.',
  ],
  run: async ({ args, host, out, connect }) => {
    const params = { id: args.id }
    if (args.history) {
      const { call } = await connect()
      const page = await call('GET /api/messages/{id}/edits', { params })
      if (page.items.length === 0) out.note('It was not edited.')
      const version = ({ content, writtenAt }: (typeof page.items)[number]): string =>
        `${out.paint('dim', out.ago(writtenAt))}\n${indent(neutralise(content.trimEnd()))}`
      out.show(page, () => page.items.map(version).join('\n\n'))
      return
    }
    const content = (await givenText(host, 'message', args)).replace(/\s+$/, '')
    if (content === '') throw usage('The message would be empty.', 'To take it back: nekode delete ID')
    if (content.length > MAX_CONTENT)
      throw usage(`The message has ${content.length} characters; ${MAX_CONTENT} is the most.`)
    const { call } = await connect()
    const edited = await call('PATCH /api/messages/{id}', { params, body: { content } })
    out.show(edited, () => messageText(edited.message, out, edited.deliveries))
  },
})

export const remove = command({
  name: 'delete',
  description: 'Delete one of your messages, or any message of a channel that you are an admin of',
  args: { id, yes: { type: 'boolean', alias: 'y', description: 'Do not ask' } },
  examples: ['nekode delete msg_0198c2f4a1b27c3e9d5f60718293a4b5 --yes'],
  notes: [
    'What it said is gone for good, from search, prompts and the log too; its place and its replies stay. Agents that have not begun with it do not.',
    'JSON: the message as it is now, without its content.',
  ],
  run: async ({ args, host, out, connect }) => {
    const { call } = await connect()
    await confirm(host, args.yes, 'What the message said will be gone for good.')
    const deleted = await call('DELETE /api/messages/{id}', { params: { id: args.id } })
    out.show(deleted, () => `Deleted ${deleted.id}.`)
  },
})
