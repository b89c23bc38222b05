import {
  type AttachmentBrief,
  type Delivery,
  type Failure,
  type Message,
  type Run,
  type RunState,
  failures,
} from '@shared/contract'
import type { Output } from './output'
import type { Style } from './table'
import { indent, neutralise, oneLine, sizeText } from './text'

/** A message as people read it: who, when, id; the text indented under it, so that it cannot pass for a header. */
export function messageText(
  message: Message,
  out: Output,
  deliveries: readonly Delivery[] = [],
  agentName = (id: string) => id,
) {
  const { paint } = out
  const about = [out.ago(message.createdAt), message.id]
  if (message.threadId !== null) about.push(`in ${message.threadId}`)
  if (message.editedAt !== null && message.deletedAt === null) about.push('edited')
  if (message.pinned) about.push('pinned')
  if (message.replyCount > 0) about.push(`${message.replyCount} ${message.replyCount === 1 ? 'reply' : 'replies'}`)
  const kind = message.kind === 'note' ? '' : `  [${message.kind}]`
  const name = paint(senderStyle(message), `@${oneLine(message.sender.name)}`)
  return [
    `${name}${kind}  ${paint('dim', about.map(oneLine).join('  '))}`,
    ...(message.deletedAt === null ? [] : [`  ${paint('dim', '(deleted)')}`]),
    ...(message.content.trim() === '' ? [] : [indent(neutralise(message.content.trimEnd()))]),
    ...message.attachments.map((file) => `  ${paint('dim', '+')} ${fileText(file)}`),
    ...(message.reactions.length
      ? [`  ${message.reactions.map(({ emoji, by }) => `${emoji} ${by.length}`).join('  ')}`]
      : []),
    ...deliveries.map((d) => `  ${paint('dim', '↳')} ${deliveryText(d, agentName(d.agentId), out)}`),
  ].join('\n')
}

/** A file that a message carries, in a line. */
const fileText = ({ filename, sizeBytes, id }: AttachmentBrief): string =>
  `${oneLine(filename)}, ${sizeText(sizeBytes)}  (${id})`

const senderStyle = ({ sender }: Message): Style =>
  sender.kind === 'agent' ? ['cyan', 'bold'] : sender.kind === 'human' ? 'bold' : 'dim'

const WAITING = {
  computer_offline: 'its computer is offline; it starts when the computer is back',
  agent_busy: 'the agent is busy',
  start_queue: 'it waits for its turn to start',
  agent_disabled: 'the agent is turned off',
} as const

/** What became of a mention, in a line. */
export function deliveryText(d: Delivery, agent: string, out: Output): string {
  const run = d.runId === null ? '' : ` (${d.runId})`
  switch (d.state) {
    case 'pending':
      return `${agent} ${d.waiting === null ? 'has the message' : `waits: ${WAITING[d.waiting]}`}`
    case 'claimed':
      return `${agent} works on it${run}`
    case 'answered':
      return `${out.paint('green', `${agent} answered`)}${run}`
    case 'declined':
      return `${agent} gave no answer${run}`
    case 'expired':
      return out.paint('yellow', `${agent} did not get to it in time`)
    case 'failed':
      return `${out.paint('red', `${agent} failed: ${failureText(d.failure)}`)}${run}`
  }
}

/** A failure with what exactly happened. */
export function failureText(failure: Failure | null): string {
  if (failure === null) return 'no reason was given'
  const resets = failure.resetsAt === undefined ? '' : ` It resets at ${new Date(failure.resetsAt).toISOString()}.`
  const detail = failure.message === '' ? '' : ` ${oneLine(failure.message)}`
  return `${failures[failure.reason].sentence}${detail}${resets}`
}

const RUN_STYLE: Partial<Record<RunState, Style>> = {
  running: 'cyan',
  waiting_approval: 'yellow',
  completed: 'green',
  failed: 'red',
  canceled: 'dim',
}
export const runStyle = (run: Pick<Run, 'state'>): Style | undefined => RUN_STYLE[run.state]

/** `$0.0123`; nothing when the cost is not known. */
export const costText = (usd: number | null): string =>
  usd === null ? '' : `$${usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 4 })}`

export const isOver = (state: RunState): boolean => state === 'completed' || state === 'failed' || state === 'canceled'
