import { type Approval, type Delivery, type Message, type RunStep, failures } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { formatDuration } from '@shared/duration'
import type { Connection } from './account'
import { answers, wish } from './approvals'
import { Exit, type ExitCode } from './exit'
import { type Followed, follow } from './follow'
import type { Host } from './host'
import { loadNames } from './names'
import type { Output } from './output'
import { deliveryText } from './show'
import { neutralise, oneLine } from './text'

/** What the server says to a new message. */
export interface Sent {
  message: Message
  deliveries: Delivery[]
}

export interface WaitOptions {
  host: Host
  out: Output
  connection: Connection
  target: string
  timeoutMs: number
  /** Sends the message. It is called once the events can no longer be missed. */
  post: () => Promise<Sent>
}

/** Sends a message and follows what becomes of it until every agent that it concerns is through; prints the answers. */
export async function waitForAnswers(options: WaitOptions): Promise<ExitCode> {
  const { host, out, connection, target } = options
  const names = await loadNames(connection)
  const interrupted = host.interrupted()
  const late = AbortSignal.timeout(options.timeoutMs)
  const watch = new Watch(out, names.agent)
  for await (const item of follow(connection, { target, signal: AbortSignal.any([interrupted, late]), out })) {
    if (item.type === 'event') watch.event(item.event)
    else if (!watch.sent) watch.start(await options.post())
    else if (!item.resumed)
      watch.refresh(await connection.call('GET /api/messages/{id}', { params: { id: watch.sent.id } }))
    if (watch.over) break
  }
  const { sent } = watch
  if (sent && watch.over) return report(options, sent, watch.deliveries, names.agent)
  if (interrupted.aborted) {
    if (sent) out.note(`The agents go on: nekode messages '${target}'`)
    return Exit.interrupted
  }
  throw new NekodeError('unavailable', `No answer within ${formatDuration(options.timeoutMs)}.`, {
    code: 'wait_timeout',
    next: sent ? `The agents go on; look later: nekode messages '${target}'` : 'Try again.',
  })
}

/** What is known of one message's deliveries, and what was said about it already. */
class Watch {
  sent: Message | undefined
  readonly #deliveries = new Map<string, Delivery>()
  readonly #said = new Set<string>()

  constructor(
    private readonly out: Output,
    private readonly agentName: (id: string) => string,
  ) {}

  get deliveries(): Delivery[] {
    return [...this.#deliveries.values()]
  }

  get over(): boolean {
    return this.sent !== undefined && this.deliveries.every((d) => d.state !== 'pending' && d.state !== 'claimed')
  }

  start(sent: Sent): void {
    this.sent = sent.message
    this.refresh(sent)
    if (sent.deliveries.length > 0) return
    this.out.note('No agent is concerned: there is nothing to wait for.')
    const known = new Set(sent.message.mentions.map((m) => m.name))
    const unknown = [...sent.message.content.matchAll(/(?<![\w@])@([a-z0-9][a-z0-9._-]*[a-z0-9])/gi)]
      .map(([, name = '']) => name.toLowerCase())
      .filter((name) => !known.has(name))
    if (unknown.length > 0)
      this.out.note(`Nobody here is called @${unknown[0]}. See which agents there are: nekode agents`)
  }

  refresh({ deliveries }: { deliveries: Delivery[] }): void {
    for (const d of deliveries) this.#delivery(d)
  }

  event(event: Followed): void {
    if (event.kind === 'delivery') {
      if (event.payload.messageId === this.sent?.id) this.#delivery(event.payload)
    } else if (event.kind === 'approval') this.#approval(event.payload)
    else if (event.kind === 'run_step') this.#step(event.payload)
  }

  #delivery(d: Delivery): void {
    const known = this.#deliveries.get(d.id)
    if (known && known.updatedAt > d.updatedAt) return
    this.#deliveries.set(d.id, d)
    this.#say(
      `${d.id} ${d.state} ${d.waiting} ${d.runId}`,
      'delivery',
      d,
      deliveryText(d, this.agentName(d.agentId), this.out) + nextText(d),
    )
  }

  #approval(a: Approval): void {
    if (!this.#isMine(a.runId) || a.state !== 'pending') return
    const text = `${this.agentName(a.agentId)} asks for permission: ${wish(a)}\n${answers(a)}`
    this.#say(a.id, 'approval', a, text)
  }

  #step(step: RunStep): void {
    if (!this.#isMine(step.runId) || step.detail.type !== 'tool') return
    this.#say(step.id, 'step', step, `  ${step.detail.kind}: ${oneLine(step.detail.title || step.detail.name)}`)
  }

  #isMine = (runId: string): boolean => this.deliveries.some((d) => d.runId === runId)

  #say(key: string, event: string, data: unknown, text: string): void {
    if (this.#said.has(key)) return
    this.#said.add(key)
    this.out.progress(event, data, text)
  }
}

/** What a person can do about a failure, in lines of their own. */
function nextText({ failure, runId }: Delivery): string {
  if (failure === null) return ''
  const { next, retryable } = failures[failure.reason]
  return `\n  next: ${next}${retryable && runId !== null ? `\n  nekode run-action ${runId} retry` : ''}`
}

async function report(
  { out, connection }: WaitOptions,
  message: Message,
  deliveries: Delivery[],
  agentName: (id: string) => string,
): Promise<ExitCode> {
  const ids = deliveries.flatMap((d) => (d.answerMessageId === null ? [] : [d.answerMessageId]))
  const answers = await Promise.all(
    [...new Set(ids)].map(async (id) => (await connection.call('GET /api/messages/{id}', { params: { id } })).message),
  )
  const several = answers.length > 1
  out.show({ message, deliveries, answers }, () =>
    answers
      .map((a) => `${several ? `${agentName(a.sender.id)}:\n` : ''}${neutralise(a.content.trimEnd())}`)
      .join('\n\n'),
  )
  return deliveries.every((d) => d.state === 'answered') ? Exit.ok : Exit.failed
}
