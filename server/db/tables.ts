import type {
  Actor,
  AgentLimits,
  AgentStatus,
  ApprovalPolicy,
  Failure,
  Mention,
  RuntimeInfo,
  StepDetail,
  Usage,
} from '@shared/contract'
import type { Dialect } from './dialect'

/** An environment variable as stored: a secret's `value` is sealed with the server's key. */
export interface StoredEnvVar {
  name: string
  value: string
  secret: boolean
}

/**
 * The whole schema, once, for three databases. Text ids, times in Unix milliseconds, no database-side defaults: what a row holds is
 * decided where it is made. Relations are by id without foreign keys, because rows outlive what they point at (an agent's messages stay).
 */
export function tables(d: Dialect) {
  const settings = d.table('settings', { name: d.str(100).primaryKey(), value: d.text().notNull() })

  const users = d.table(
    'users',
    {
      id: d.id().primaryKey(),
      username: d.str(64).notNull(),
      displayName: d.str(255).notNull(),
      passwordHash: d.str(255).notNull(),
      role: d.str(16).$type<'owner' | 'admin' | 'member' | 'viewer'>().notNull(),
      disabledAt: d.ms(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [d.unique('users_username').on(t.username)],
  )

  /** Every credential that the server issued: browser sessions, API tokens, computers' and agents' tokens. Only hashes. */
  const credentials = d.table(
    'credentials',
    {
      id: d.id().primaryKey(),
      kind: d.str(16).$type<'session' | 'api' | 'computer' | 'agent'>().notNull(),
      ownerId: d.id().notNull(),
      tokenHash: d.str(64).notNull(),
      prefix: d.str(16).notNull(),
      name: d.str(255).notNull(),
      scopes: d.json<('read' | 'write' | 'admin')[]>().notNull(),
      csrf: d.str(64).notNull(),
      userAgent: d.str(255).notNull(),
      address: d.str(64).notNull(),
      createdAt: d.ms().notNull(),
      lastUsedAt: d.ms(),
      expiresAt: d.ms(),
    },
    (t) => [d.unique('credentials_token').on(t.tokenHash), d.index('credentials_owner').on(t.kind, t.ownerId)],
  )

  const channels = d.table(
    'channels',
    {
      id: d.id().primaryKey(),
      target: d.str(200).notNull(),
      kind: d.str(16).$type<'channel' | 'dm'>().notNull(),
      name: d.str(200).notNull(),
      topic: d.text().notNull(),
      visibility: d.str(16).$type<'public' | 'private'>().notNull(),
      createdBy: d.id().notNull(),
      archivedAt: d.ms(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [d.unique('channels_target').on(t.target)],
  )

  const members = d.table(
    'members',
    {
      channelId: d.id().notNull(),
      kind: d.str(16).$type<'human' | 'agent'>().notNull(),
      memberId: d.id().notNull(),
      role: d.str(16).$type<'admin' | 'member' | 'viewer'>().notNull(),
      deliveryMode: d.str(16).$type<'mentions' | 'all' | 'off'>().notNull(),
      lastReadMessageId: d.id(),
      joinedAt: d.ms().notNull(),
    },
    (t) => [
      d.primaryKey({ columns: [t.channelId, t.kind, t.memberId] }),
      d.index('members_member').on(t.kind, t.memberId),
    ],
  )

  const messages = d.table(
    'messages',
    {
      id: d.id().primaryKey(),
      channelId: d.id().notNull(),
      target: d.str(200).notNull(),
      /** Empty at the top level: an index on NULLs would not page. */
      threadId: d.id().notNull(),
      kind: d.str(16).$type<'note' | 'decision' | 'blocker' | 'status'>().notNull(),
      senderKind: d.str(16).$type<Actor['kind']>().notNull(),
      senderId: d.id().notNull(),
      senderName: d.str(64).notNull(),
      senderDisplayName: d.str(255).notNull(),
      content: d.text().notNull(),
      mentions: d.json<Mention[]>().notNull(),
      system: d.json<{ type: string; data: Record<string, unknown> }>(),
      runId: d.id(),
      requestId: d.str(128),
      replyCount: d.int().notNull(),
      lastReplyAt: d.ms(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.index('messages_page').on(t.channelId, t.threadId, t.id), d.index('messages_run').on(t.runId)],
  )

  /** One row a mention of a person, so that mention counts need no scan of message text. */
  const mentions = d.table(
    'mentions',
    { messageId: d.id().notNull(), kind: d.str(16).notNull(), memberId: d.id().notNull(), channelId: d.id().notNull() },
    (t) => [d.primaryKey({ columns: [t.kind, t.memberId, t.channelId, t.messageId] })],
  )

  const computers = d.table(
    'computers',
    {
      id: d.id().primaryKey(),
      daemonId: d.str(255).notNull(),
      displayName: d.str(255).notNull(),
      hostname: d.str(255).notNull(),
      os: d.str(32).notNull(),
      arch: d.str(32).notNull(),
      version: d.str(64).notNull(),
      local: d.bool().notNull(),
      runtimes: d.json<RuntimeInfo[]>().notNull(),
      inventoryVersion: d.str(255).notNull(),
      leaseId: d.id(),
      lastSeenAt: d.ms(),
      /** What the status was when it was last announced, so that each change is one event. */
      announced: d.str(16).$type<'online' | 'stale' | 'offline'>().notNull(),
      ackedSequence: d.int().notNull(),
      removedAt: d.ms(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [d.index('computers_seen').on(t.lastSeenAt)],
  )

  const enrollments = d.table(
    'enrollments',
    {
      id: d.id().primaryKey(),
      computerId: d.id().notNull(),
      displayName: d.str(255).notNull(),
      codeHash: d.str(64).notNull(),
      status: d.str(16).$type<'pending' | 'redeemed' | 'connected' | 'revoked'>().notNull(),
      createdBy: d.id().notNull(),
      expiresAt: d.ms().notNull(),
      connectedAt: d.ms(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.index('enrollments_computer').on(t.computerId)],
  )

  const agents = d.table(
    'agents',
    {
      id: d.id().primaryKey(),
      name: d.str(64).notNull(),
      displayName: d.str(255).notNull(),
      description: d.text().notNull(),
      computerId: d.id().notNull(),
      runtimeKind: d.str(64).notNull(),
      model: d.str(255).notNull(),
      workspace: d.text().notNull(),
      instructions: d.text().notNull(),
      approvals: d.json<ApprovalPolicy>().notNull(),
      limits: d.json<AgentLimits>().notNull(),
      command: d.json<string[]>().notNull(),
      env: d.json<StoredEnvVar[]>().notNull(),
      enabled: d.bool().notNull(),
      status: d.json<AgentStatus>().notNull(),
      createdBy: d.id().notNull(),
      deletedAt: d.ms(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [d.unique('agents_name').on(t.name), d.index('agents_computer').on(t.computerId)],
  )

  const deliveries = d.table(
    'deliveries',
    {
      id: d.id().primaryKey(),
      messageId: d.id().notNull(),
      agentId: d.id().notNull(),
      channelId: d.id().notNull(),
      target: d.str(200).notNull(),
      threadId: d.id(),
      cause: d.str(16).$type<'mention' | 'direct' | 'subscription' | 'retry'>().notNull(),
      state: d.str(16).$type<'pending' | 'claimed' | 'answered' | 'declined' | 'failed' | 'expired'>().notNull(),
      waiting: d.str(32).$type<'computer_offline' | 'agent_busy' | 'start_queue' | 'agent_disabled'>(),
      failure: d.json<Failure>(),
      runId: d.id(),
      answerMessageId: d.id(),
      /** Agents that answered each other before this delivery without a person in between. */
      hops: d.int().notNull(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [
      d.unique('deliveries_once').on(t.messageId, t.agentId),
      d.index('deliveries_agent').on(t.agentId, t.state),
      d.index('deliveries_channel').on(t.channelId, t.id),
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
      failure: d.json<Failure>(),
      summary: d.text().notNull(),
      usage: d.json<Usage>(),
      costUsd: d.real(),
      startedAt: d.ms(),
      completedAt: d.ms(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [
      d.index('runs_computer').on(t.computerId, t.state),
      d.index('runs_agent').on(t.agentId, t.createdAt),
      d.index('runs_channel').on(t.channelId, t.id),
      d.index('runs_lease').on(t.state, t.leaseExpiresAt),
      d.index('runs_input').on(t.inputMessageId),
    ],
  )

  const runSteps = d.table(
    'run_steps',
    {
      id: d.id().primaryKey(),
      runId: d.id().notNull(),
      sequence: d.int().notNull(),
      status: d.str(16).$type<'running' | 'completed' | 'failed' | 'skipped'>().notNull(),
      detail: d.json<StepDetail>().notNull(),
      startedAt: d.ms().notNull(),
      completedAt: d.ms(),
    },
    (t) => [d.index('run_steps_run').on(t.runId, t.sequence)],
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

  /** Things that a daemon was asked to do and that are not runs. */
  const operations = d.table(
    'operations',
    {
      id: d.id().primaryKey(),
      computerId: d.id().notNull(),
      agentId: d.id(),
      action: d.str(64).notNull(),
      reason: d.text().notNull(),
      state: d.str(16).$type<'queued' | 'running' | 'completed' | 'failed' | 'unsupported'>().notNull(),
      detail: d.text().notNull(),
      requestedBy: d.id().notNull(),
      createdAt: d.ms().notNull(),
      updatedAt: d.ms().notNull(),
    },
    (t) => [d.index('operations_computer').on(t.computerId, t.createdAt)],
  )

  const activities = d.table(
    'activities',
    {
      id: d.id().primaryKey(),
      channelId: d.id(),
      target: d.str(200).notNull(),
      agentId: d.id().notNull(),
      kind: d.str(64).notNull(),
      summary: d.text().notNull(),
      detail: d.text().notNull(),
      runId: d.id(),
      stepId: d.id(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.index('activities_channel').on(t.channelId, t.id), d.index('activities_agent').on(t.agentId, t.id)],
  )

  /** Run archives that daemons stream in with ReportAgentRun. */
  const archives = d.table(
    'archives',
    {
      runId: d.str(128).primaryKey(),
      agentId: d.id().notNull(),
      computerId: d.id().notNull(),
      startedAt: d.ms().notNull(),
      endedAt: d.ms(),
      exitCode: d.int().notNull(),
      summary: d.text().notNull(),
      error: d.text().notNull(),
      eventCount: d.int().notNull(),
    },
    (t) => [d.index('archives_agent').on(t.agentId, t.startedAt)],
  )
  const archiveEvents = d.table(
    'archive_events',
    {
      runId: d.str(128).notNull(),
      position: d.int().notNull(),
      phase: d.str(16).notNull(),
      atNs: d.str(24).notNull(),
      summary: d.text().notNull(),
      payload: d.text().notNull(),
      exitCode: d.int().notNull(),
      error: d.text().notNull(),
    },
    (t) => [d.primaryKey({ columns: [t.runId, t.position] })],
  )

  /** The log. `sequence` follows the order of commits; see `server/events`. */
  const events = d.table(
    'events',
    {
      sequence: d.int().primaryKey(),
      id: d.id().notNull(),
      kind: d.str(32).notNull(),
      operation: d.str(16).notNull(),
      aggregateId: d.id().notNull(),
      /** Who may see it: `all`, `admin`, `channel:<id>`, `user:<id>` or `computer:<id>`. */
      audience: d.str(80).notNull(),
      target: d.str(200),
      actor: d.json<Actor>().notNull(),
      payload: d.text().notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.index('events_audience').on(t.audience, t.sequence), d.index('events_created').on(t.createdAt)],
  )

  const idempotency = d.table(
    'idempotency',
    {
      principal: d.str(80).notNull(),
      method: d.str(80).notNull(),
      key: d.str(128).notNull(),
      requestHash: d.str(64).notNull(),
      response: d.text().notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.primaryKey({ columns: [t.principal, t.method, t.key] }), d.index('idempotency_created').on(t.createdAt)],
  )

  const audit = d.table(
    'audit',
    {
      id: d.id().primaryKey(),
      actor: d.json<Actor>().notNull(),
      action: d.str(64).notNull(),
      subject: d.str(200).notNull(),
      detail: d.json<Record<string, unknown>>().notNull(),
      address: d.str(64).notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.index('audit_created').on(t.createdAt)],
  )

  return {
    settings,
    users,
    credentials,
    channels,
    members,
    messages,
    mentions,
    computers,
    enrollments,
    agents,
    deliveries,
    runs,
    runSteps,
    approvals,
    prompts,
    permits,
    operations,
    activities,
    archives,
    archiveEvents,
    events,
    idempotency,
    audit,
  }
}
export type Tables = ReturnType<typeof tables>
export type Row<K extends keyof Tables> = Tables[K]['$inferSelect']
