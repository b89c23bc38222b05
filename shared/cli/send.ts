import { MAX_CONTENT, MessageKind } from '@shared/contract'
import { ApiError } from '@shared/contract/client'
import type { Connection } from './account'
import { type Context, command } from './command'
import { Exit, usage } from './exit'
import { givenText } from './input'
import { findTarget } from './names'
import { uploadFile } from './transfer'
import { oneOf, span } from './values'
import { type Sent, waitForAnswers } from './wait'

/** Pauses before a message is sent again when the server did not answer. The same key makes that safe. */
const RETRY_MS = [500, 1500]

const args = {
  target: { type: 'positional', required: true, description: 'Channel (general), person or agent (@name), or dm:…' },
  text: { type: 'positional', required: false, description: 'The message; “-” reads standard input' },
  file: { type: 'string', valueHint: 'PATH', description: 'Send what this text file holds' },
  attach: { type: 'string', valueHint: 'PATH', description: 'Upload this file and send it along' },
  attachment: {
    type: 'string',
    valueHint: 'IDS',
    description: 'Send files along that were uploaded for this target: ids, separated by commas',
  },
  thread: { type: 'string', valueHint: 'ID', description: 'Reply in a thread: the id of its first message' },
  parent: { type: 'string', valueHint: 'ID', description: 'Reply to this message, in its thread' },
  mention: { type: 'string', valueHint: 'NAME', description: 'Call this agent or person; may be given several times' },
  kind: { type: 'string', description: 'note (default), decision, blocker or status' },
  wait: { type: 'boolean', alias: 'w', description: 'Wait for the agents that it concerns, and print their answers' },
  timeout: { type: 'string', default: '10m', description: 'How long --wait waits' },
  'request-id': {
    type: 'string',
    valueHint: 'KEY',
    description: 'Sending the same message again with the same key sends it once',
  },
} as const
type SendContext = Context<typeof args>

export const send = command({
  name: 'send',
  description: 'Write a message; agents mentioned with @name get to work on it',
  args,
  examples: [
    'nekode send general "@coder which tests are failing?"',
    'nekode send @coder --wait "summarise the last commit"',
    'git diff | nekode send general -',
    'nekode send general "the figures of today" --attach figures.csv',
    'nekode send general --thread msg_0198c2f4a1b27c3e9d5f60718293a4b5 --file answer.md',
    'nekode send --room general --mention coder "which tests are failing?"',
  ],
  repeated: ['mention'],
  instead: { room: 'target', chat: 'target' },
  notes: [
    'With --wait the answers are on standard output and nothing else is; progress, and permission requests with the command that answers them, are on standard error. The exit code is 0 when every agent answered, 1 when one failed or gave no answer, 6 when the time is over; the agents go on in any case.',
    'JSON: {"message", "deliveries"}, with --wait also "answers" (messages). Progress is then a JSON line each: {"event", "data"}.',
  ],
  run: async (context) => {
    const { args, every, host, out } = context
    if (args.parent !== undefined && args.thread !== undefined) throw usage('Use one of --thread and --parent.')
    const mentions = every('mention').map((name) => name.replace(/^@/, ''))
    const timeoutMs = span('timeout', args.timeout)
    const kind = args.kind === undefined ? undefined : oneOf('--kind', args.kind, MessageKind.options)
    if (args.attach !== undefined && args['request-id'] !== undefined)
      throw usage(
        '--attach uploads the file again each time, which --request-id cannot know.',
        'Upload it first with “nekode upload”, and give its id with --attachment.',
      )
    const content = await contentOf(context)
    const connection = await context.connect()
    const target = await findTarget(connection, args.target)
    const threadId = args.parent === undefined ? args.thread : await threadOf(connection, args.parent)
    const attachmentIds = await filesOf(context, connection, target)
    // One key, however often the answer was lost.
    const requestId = args['request-id'] ?? crypto.randomUUID()
    const post = (): Promise<Sent> =>
      posted(connection, {
        target,
        content,
        requestId,
        ...(attachmentIds.length ? { attachmentIds } : {}),
        ...(mentions.length ? { mentions } : {}),
        ...(threadId === undefined ? {} : { threadId }),
        ...(kind === undefined ? {} : { kind }),
      })
    if (args.wait) return waitForAnswers({ host, out, connection, target, timeoutMs, post })
    const sent = await post()
    out.show(sent, () => sent.message.id)
    return Exit.ok
  },
})

type Body = {
  target: string
  content: string
  requestId: string
  threadId?: string
  mentions?: string[]
  kind?: MessageKind
  attachmentIds?: string[]
}

/** The thread that a message is in, or begins. */
async function threadOf({ call }: Connection, id: string): Promise<string> {
  const { message } = await call('GET /api/messages/{id}', { params: { id } })
  return message.threadId ?? message.id
}

/** Files that go along: uploaded now, and those that were uploaded before. */
async function filesOf({ args }: SendContext, connection: Connection, target: string): Promise<string[]> {
  const ids = (args.attachment ?? '')
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '')
  if (args.attach === undefined) return ids
  return [...ids, (await uploadFile(connection, args.attach, target)).id]
}

async function posted({ call }: Connection, body: Body): Promise<Sent> {
  for (const pauseMs of RETRY_MS) {
    try {
      return await call('POST /api/messages', { body })
    } catch (e) {
      if (!(e instanceof ApiError) || ![0, 502, 503, 504].includes(e.status)) throw e
    }
    await Bun.sleep(pauseMs)
  }
  return call('POST /api/messages', { body })
}

async function contentOf({ args, host }: SendContext): Promise<string> {
  const isBare = args.text === undefined && args.file === undefined
  if (isBare && (args.attach !== undefined || args.attachment !== undefined)) return ''
  const content = (await givenText(host, 'message', args)).replace(/\s+$/, '')
  if (content === '') throw usage('The message is empty.')
  if (content.length > MAX_CONTENT)
    throw usage(`The message has ${content.length} characters; ${MAX_CONTENT} is the most.`, 'Send it in parts.')
  return content
}
