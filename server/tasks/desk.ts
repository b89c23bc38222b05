import type { Actor } from '@shared/contract'
import type { Core } from '../core'
import { SYSTEM } from '../access/principal'
import type { Tx } from '../db/database'
import type { DeliveryRow } from '../deliveries/view'
import type { Channel } from '../directory/directory'
import type { MessageRow } from '../messages/view'
import type { MessageWriter } from '../messages/writer'
import type { RunRow } from '../runs/view'
import type { TaskBook } from './book'
import { name } from './errors'
import { type TaskRow, isAgent } from './view'

/** What a task needs of the rest of the server to reach an agent. */
export interface Reach {
  writer: MessageWriter
  router: {
    /** One delivery of a message to one agent, whatever its mode in the channel. */
    assign(
      tx: Tx,
      routing: { channel: Channel; message: MessageRow; sender: Actor; hops: number },
      agentId: string,
    ): Promise<DeliveryRow | undefined>
  }
  work: {
    current(tx: Tx, agentId: string, channelId: string): Promise<{ runId: string; hops: number } | undefined>
  }
  runs: {
    /** Whether a run has been started and is not over. */
    underWay(tx: Tx, runId: string): Promise<boolean>
    /** Runs of a delivery that are not over. */
    openOf(tx: Tx, agentId: string, channelId: string, deliveryId: string): Promise<RunRow[]>
    stop(tx: Tx, run: RunRow, message: string, actor: Actor): Promise<void>
  }
}

/** Hands tasks to agents: the thread of a task, the message that carries it, the delivery that the agent owes an answer to. */
export class TaskDesk {
  constructor(
    private readonly core: Core,
    private readonly book: TaskBook,
    readonly reach: Reach,
  ) {}

  /** The thread of a task. It begins when somebody has something to say: a board of a hundred tasks is not a hundred messages. */
  async thread(tx: Tx, row: TaskRow, channel: Channel): Promise<TaskRow & { threadId: string }> {
    if (row.threadId !== null) return { ...row, threadId: row.threadId }
    const message = await this.reach.writer.write(tx, {
      channel,
      threadId: null,
      sender: SYSTEM,
      content: `Task ${name(row)}: ${row.summary}`,
      kind: 'status',
      system: { type: 'task.thread', data: { taskId: row.id, number: row.number, summary: row.summary } },
    })
    const next = await this.book.attach(tx, row, { threadId: message.id })
    return { ...next, threadId: message.id }
  }

  /** Gives the task to its agent, unless it has to wait for others first. Returns the task with its delivery. */
  async deliver(tx: Tx, row: TaskRow, actor: Actor): Promise<TaskRow> {
    const agentId = row.assigneeId
    const channel = this.core.directory.channel(row.channelId)
    if (!isAgent(agentId) || !channel || channel.archivedAt !== null) return row
    if ((await this.book.edges.open(row.id, tx.q)).length) return row
    const task = await this.thread(tx, row, channel)
    const agentName = this.core.directory.agent(agentId)?.name ?? agentId
    const message = await this.reach.writer.write(tx, {
      channel,
      threadId: task.threadId,
      sender: actor,
      content: carried(task, agentName),
      kind: 'status',
      system: {
        type: 'task.assigned',
        data: { taskId: row.id, number: row.number, summary: row.summary, agentId, agentName },
      },
    })
    const hops = await this.#hops(tx, actor, channel.id)
    const delivery = await this.reach.router.assign(tx, { channel, message, sender: actor, hops }, agentId)
    if (!delivery) return task
    const next = await this.book.attach(tx, task, { deliveryId: delivery.id })
    await this.book.emit(tx, next, 'updated', actor)
    return next
  }

  /** As far as a message of the same sender would be from a person's. */
  async #hops(tx: Tx, actor: Actor, channelId: string): Promise<number> {
    if (actor.kind !== 'agent') return 0
    return ((await this.reach.work.current(tx, actor.id, channelId))?.hops ?? 0) + 1
  }

  /** Takes a task from the agent that it was delivered to: what it has not answered is not wanted any more. */
  async takeBack(tx: Tx, row: TaskRow, actor: Actor, which: 'open' | 'queued' = 'open'): Promise<void> {
    if (row.deliveryId === null || !isAgent(row.assigneeId)) return
    for (const run of await this.reach.runs.openOf(tx, row.assigneeId, row.channelId, row.deliveryId)) {
      // An agent that hands its own task on says so in the turn that it is in.
      if (run.state !== 'queued' && (which === 'queued' || actor.id === row.assigneeId)) continue
      await this.reach.runs.stop(tx, run, `@${actor.name} took ${name(row)} back.`, actor)
    }
  }

  /** Whether what was delivered is still on its way or being worked on. */
  async busy(tx: Tx, row: TaskRow): Promise<boolean> {
    if (row.deliveryId === null || !isAgent(row.assigneeId)) return false
    return (await this.reach.runs.openOf(tx, row.assigneeId, row.channelId, row.deliveryId)).length > 0
  }

  /** A task is done: those that waited for nothing else go to their agents. */
  async unblock(tx: Tx, done: TaskRow, actor: Actor): Promise<void> {
    for (const id of await this.book.edges.waitingFor(done.id, tx.q)) {
      const row = await this.book.current(tx, id)
      if (row.state === 'todo' && row.deliveryId === null) await this.deliver(tx, row, actor)
    }
  }
}

/** What the agent reads. The description is Markdown of whoever wrote it. */
function carried(row: TaskRow, agentName: string): string {
  const due = row.dueAt === null ? '' : `\nDue: ${new Date(row.dueAt).toISOString()}`
  const priority = row.priority === 'none' ? '' : `\nPriority: ${row.priority}`
  const labels = row.labels.length ? `\nLabels: ${row.labels.join(', ')}` : ''
  const about = row.description.trim() ? `\n\n${row.description.trim()}` : ''
  return `Task ${name(row)} for @${agentName}: **${row.summary}**${due}${priority}${labels}${about}`
}
