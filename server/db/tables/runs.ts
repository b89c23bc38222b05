import type { Actor, Failure, StepDetail, Usage } from '@shared/contract'
import type { Dialect } from '../dialect'

/** What an agent owes an answer to, and every attempt at one. */
export function runsTables(d: Dialect) {
  const deliveries = d.table(
    'deliveries',
    {
      id: d.id().primaryKey(),
      messageId: d.id().notNull(),
      agentId: d.id().notNull(),
      channelId: d.id().notNull(),
      target: d.str(200).notNull(),
      threadId: d.id(),
      cause: d
        .str(16)
        .$type<'mention' | 'direct' | 'subscription' | 'retry' | 'task' | 'reminder' | 'periodic' | 'debate'>()
        .notNull(),
      state: d.str(16).$type<'pending' | 'claimed' | 'answered' | 'declined' | 'failed' | 'expired'>().notNull(),
      waiting: d.str(32).$type<'computer_offline' | 'agent_busy' | 'start_queue' | 'agent_disabled'>(),
      failure: d.json<Failure>(),
      runId: d.id(),
      answerMessageId: d.id(),
      /** Of a digest: the last message that an earlier one told about. */
      sinceMessageId: d.id(),
      /** Agents that answered each other before this delivery without a person in between. */
      hops: d.int().notNull(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [
      d.unique('deliveries_once').on(t.messageId, t.agentId),
      d.index('deliveries_agent').on(t.agentId, t.state),
      d.index('deliveries_of').on(t.agentId, t.id),
      d.index('deliveries_channel').on(t.channelId, t.id),
      d.index('deliveries_state').on(t.state, t.id),
      // Who was asked in a thread is looked up with each of its replies.
      d.index('deliveries_thread').on(t.channelId, t.threadId, t.agentId),
    ],
  )

  const runs = d.table(
    'runs',
    {
      id: d.id().primaryKey(),
      deliveryId: d.id(),
      agentId: d.id().notNull(),
      computerId: d.id().notNull(),
      channelId: d.id().notNull(),
      target: d.str(200).notNull(),
      threadId: d.id(),
      inputMessageId: d.id(),
      resultMessageId: d.id(),
      joinedRunId: d.id(),
      state: d
        .str(24)
        .$type<'queued' | 'starting' | 'running' | 'waiting_approval' | 'completed' | 'failed' | 'canceled'>()
        .notNull(),
      attempt: d.int().notNull(),
      maxAttempts: d.int().notNull(),
      leaseId: d.id(),
      leaseExpiresAt: d.ms(),
      /** Leases that were taken back: what is still said under one of them is about an attempt that is over. */
      pastLeases: d.json<string[]>().notNull(),
      failure: d.json<Failure>(),
      summary: d.text().notNull(),
      usage: d.json<Usage>(),
      costUsd: d.real(),
      startedAt: d.ms(),
      completedAt: d.ms(),
      /** When its steps and its prompt were removed, because they had been kept for long enough. */
      detailRemovedAt: d.ms(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [
      d.index('runs_computer').on(t.computerId, t.state),
      d.index('runs_agent').on(t.agentId, t.createdAt),
      d.index('runs_of').on(t.agentId, t.id),
      // What an agent is at is looked up with each of its messages.
      d.index('runs_active').on(t.agentId, t.state),
      d.index('runs_channel').on(t.channelId, t.id),
      d.index('runs_lease').on(t.state, t.leaseExpiresAt),
      d.index('runs_input').on(t.inputMessageId),
      d.index('runs_detail').on(t.detailRemovedAt, t.completedAt),
    ],
  )

  const runSteps = d.table(
    'run_steps',
    {
      id: d.id().primaryKey(),
      runId: d.id().notNull(),
      sequence: d.int().notNull(),
      status: d.str(16).$type<'running' | 'completed' | 'failed' | 'skipped'>().notNull(),
      /** Of a text that still streams only its first piece: see `step_pieces`. */
      detail: d.json<StepDetail>().notNull(),
      /** Bytes of the whole detail as JSON, so that a page can be measured without reading it. */
      size: d.int().notNull(),
      startedAt: d.ms().notNull(),
      completedAt: d.ms(),
    },
    (t) => [d.index('run_steps_run').on(t.runId, t.sequence, t.id)],
  )

  /** What a streaming text has grown by since its step was begun; gone when the text is whole. */
  const stepPieces = d.table(
    'step_pieces',
    {
      stepId: d.id().notNull(),
      /** Where it starts in the text, in UTF-16 code units. */
      position: d.int().notNull(),
      // JSON, because a piece may end in half a character.
      text: d.json<string>().notNull(),
    },
    (t) => [d.primaryKey({ columns: [t.stepId, t.position] })],
  )

  const approvals = d.table(
    'approvals',
    {
      id: d.id().primaryKey(),
      runId: d.id().notNull(),
      stepId: d.id().notNull(),
      agentId: d.id().notNull(),
      computerId: d.id().notNull(),
      channelId: d.id().notNull(),
      target: d.str(200).notNull(),
      threadId: d.id(),
      requestId: d.str(255).notNull(),
      name: d.str(255).notNull(),
      kind: d.str(16).notNull(),
      title: d.text().notNull(),
      input: d.json<unknown>(),
      canRemember: d.bool().notNull(),
      state: d.str(16).$type<'pending' | 'allowed' | 'denied' | 'withdrawn'>().notNull(),
      decidedBy: d.json<Actor>(),
      decidedAt: d.ms(),
      createdAt: d.ms().notNull(),
    },
    (t) => [
      d.unique('approvals_step').on(t.stepId),
      d.index('approvals_state').on(t.state, t.id),
      d.index('approvals_run').on(t.runId),
    ],
  )

  /** What each run took, noted when it ended: narrow rows, so that a year of them is quickly summed, and they stay when details go. */
  const runUsage = d.table(
    'run_usage',
    {
      runId: d.id().primaryKey(),
      /** When it was started. */
      at: d.ms().notNull(),
      agentId: d.id().notNull(),
      channelId: d.id().notNull(),
      /** The runtime, and after a slash the model, as they were set. */
      model: d.str(280).notNull(),
      /** The person or agent whose message it answered; empty for nobody. */
      askedBy: d.id().notNull(),
      input: d.int().notNull(),
      cacheRead: d.int().notNull(),
      cacheWrite: d.int().notNull(),
      output: d.int().notNull(),
      reasoning: d.int().notNull(),
      costUsd: d.real().notNull(),
      durationMs: d.ms().notNull(),
      failed: d.int().notNull(),
    },
    (t) => [
      d.index('run_usage_at').on(t.at),
      d.index('run_usage_agent').on(t.agentId, t.at),
      d.index('run_usage_channel').on(t.channelId, t.at),
    ],
  )

  const prompts = d.table('prompts', {
    runId: d.id().primaryKey(),
    id: d.id().notNull(),
    content: d.text().notNull(),
    contentHash: d.str(64).notNull(),
    sections: d.json<{ name: string; source: string; content: string; redacted: boolean }[]>().notNull(),
    createdAt: d.ms().notNull(),
  })

  /** Start permits: how many agent processes may be starting on a computer at once. */
  const permits = d.table(
    'permits',
    {
      id: d.id().primaryKey(),
      computerId: d.id().notNull(),
      agentId: d.id().notNull(),
      expiresAt: d.ms().notNull(),
    },
    (t) => [d.index('permits_computer').on(t.computerId, t.expiresAt)],
  )

  return { deliveries, runs, runUsage, runSteps, stepPieces, approvals, prompts, permits }
}
