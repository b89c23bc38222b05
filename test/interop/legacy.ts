import {
  AgentActivityState,
  AgentControlAction,
  AgentHealth,
  AgentPresence,
} from '@shared/gen/nekode/daemon/v1/agents_pb'
import { AgentRunPhase } from '@shared/gen/nekode/daemon/v1/archive_pb'
import { ActorKind } from '@shared/gen/nekode/daemon/v1/common_pb'
import { ComputerStatus } from '@shared/gen/nekode/daemon/v1/computers_pb'
import { type ServerEvent, ServerEventKind } from '@shared/gen/nekode/daemon/v1/events_pb'
import { type Run, RunState, RunStepKind, RunStepStatus } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { type Rpc, rpcClient } from '../fixtures/rpc'

/** What a turn of the older daemon's executor comes to. */
export interface Turn {
  output: string
  exitCode: number
}

/**
 * The daemon that is deployed today, call by call as it makes them: random ids and keys everywhere, heartbeats without an inventory, a
 * status of an agent that it made up, no cursor, acknowledgements with a wrong server id, polling for one run, and every run
 * reported by status, steps, activity and archive at once. It starts queued runs only, whatever brought them.
 */
export class LegacyDaemon {
  readonly ran: string[] = []
  readonly refused: string[] = []
  readonly acknowledged: ServerEventKind[] = []
  readonly #rpc: Rpc
  readonly #abort = new AbortController()
  readonly #inHand = new Set<string>()
  readonly #stopped: Promise<unknown>[] = []
  #poll: Timer | undefined
  #leaseId = ''

  constructor(
    private readonly options: {
      url: string
      token: string
      computerId: string
      /** The limit of its poll: it takes the runs of all states for its own. */
      maxConcurrentRuns: () => number
      /** Called with what an agent's program would get. */
      execute: (prompt: string, run: Run) => Promise<Turn>
    },
  ) {
    this.#rpc = rpcClient(options.url, options.token)
  }

  /** Registers and keeps going as its main loop does. Any failure of these calls ends the real one. */
  async start(pollMs = 50): Promise<void> {
    const registered = await this.#rpc.registerComputer({
      ...ids('register'),
      info: this.#info(),
      inventory: {
        runtimes: ['claude', 'codex', 'gemini'].map((kind) => ({
          runtimeId: `runtime-${this.options.computerId}-${kind}`,
          kind,
          tool: kind,
          command: `/usr/bin/${kind}`,
          installed: kind === 'codex',
          healthy: kind === 'codex',
          installHint: [`Install ${kind}.`],
          configDir: `.nekode/agents/${kind}`,
          runtimeProfile: {
            runtimeProfileId: `template-${kind}-default`,
            kind,
            model: 'gpt-5.5',
            adapterConfigJson: JSON.stringify({ schemaVersion: 'nekode.runtime-adapter.v1', runtimeType: { kind } }),
          },
        })),
        agents: [{ agentId: 'daemon-agent-old', name: 'daemon-agent-old', status: AgentPresence.ONLINE }],
      },
    })
    if (!registered.accepted) throw new Error('the registration was rejected')
    this.#leaseId = registered.lease?.leaseId ?? ''
    await this.#status('daemon-agent-old', AgentPresence.ONLINE, AgentActivityState.WAITING)
    this.#stopped.push(this.#follow())
    const poll = (): void => void this.#stopped.push(this.#pollOnce())
    poll()
    this.#poll = setInterval(poll, pollMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#poll)
    this.#abort.abort()
    await Promise.allSettled(this.#stopped)
  }

  async heartbeat(): Promise<void> {
    const beat = await this.#rpc.heartbeatComputer({
      ...ids('heartbeat'),
      info: this.#info(),
      leaseId: this.#leaseId,
      inventoryVersion: 'daemon-minimal-v1',
      agentStatuses: [
        statusOf('daemon-agent-old', this.options.computerId, AgentPresence.ONLINE, AgentActivityState.WAITING),
      ],
    })
    this.#leaseId = beat.lease?.leaseId ?? this.#leaseId
  }

  #info() {
    return {
      daemonId: 'daemon-old',
      computerId: this.options.computerId,
      displayName: 'old',
      hostname: 'old',
      os: 'linux',
      arch: 'amd64',
      version: 'v0.46.1',
      status: ComputerStatus.ONLINE,
      lastSeenUnix: BigInt(Math.floor(Date.now() / 1000)),
      leaseId: this.#leaseId,
      capabilities: [{ name: 'heartbeat', enabled: true }],
    }
  }

  async #status(agentId: string, presence: AgentPresence, activityState: AgentActivityState): Promise<void> {
    const status = statusOf(agentId, this.options.computerId, presence, activityState)
    await this.#rpc.updateAgentStatus({ ...ids('status'), status })
  }

  async #pollOnce(): Promise<void> {
    const { runs } = await this.#rpc.fetchAssignedRuns({
      computerId: this.options.computerId,
      limit: this.options.maxConcurrentRuns(),
      requestId: random('fetch'),
    })
    for (const run of runs) await this.#start(run)
  }

  async #follow(): Promise<void> {
    const stream = this.#rpc.subscribeServerEvents(
      {
        ...ids('subscribe'),
        daemonId: 'daemon-old',
        computerId: this.options.computerId,
        leaseId: this.#leaseId,
        includeAllAgents: true,
        kinds: [ServerEventKind.AGENT_CONTROL, ServerEventKind.MESSAGE, ServerEventKind.RUN_ASSIGNED],
      },
      { signal: this.#abort.signal },
    )
    for await (const { event } of stream) if (event) await this.#handle(event)
  }

  async #handle(event: ServerEvent): Promise<void> {
    const { payload } = event
    if (payload.case === 'run') await this.#start(payload.value)
    if (payload.case === 'message') throw new Error('this daemon would run a direct message a second time')
    if (payload.case === 'agentControl')
      await this.#rpc.logActivity({
        ...ids('activity'),
        target: '#general',
        agentId: payload.value.agentId,
        kind:
          payload.value.action === AgentControlAction.TERMINATE
            ? 'agent_control_terminate'
            : 'agent_control_unsupported',
        summary: 'control',
      })
    await this.#rpc.acknowledgeServerEvents({
      ...ids('ack'),
      daemonId: 'daemon-old',
      computerId: this.options.computerId,
      eventIds: [event.eventId],
      cursor: { sequence: event.sequence, serverId: event.aggregateId },
    })
    this.acknowledged.push(event.kind)
  }

  async #start(run: Run): Promise<void> {
    if (run.state !== RunState.QUEUED && run.state !== RunState.UNSPECIFIED) return
    if (this.#inHand.has(run.runId)) return
    this.#inHand.add(run.runId)
    try {
      await this.#perform(run)
    } finally {
      // It forgets what it has finished.
      this.#inHand.delete(run.runId)
    }
  }

  /** The supervisor's own order of calls for one run. */
  async #perform(run: Run): Promise<void> {
    const rpc = this.#rpc
    const { runId, agentId, target } = run
    const { computerId } = this.options
    const archive = new Channel<{ phase: AgentRunPhase; payloadJson?: Uint8Array; exitCode?: number }>()
    const archived = rpc.reportAgentRun(
      (async function* () {
        for await (const event of archive) yield { runId, agentId, computerId, ...event }
      })(),
    )
    archive.push({ phase: AgentRunPhase.START })
    const permit = await rpc.acquireStartPermit({ ...ids('permit'), computerId, agentId, permitTtlSeconds: 600 })
    if (!permit.granted) throw new Error(permit.rejectionReason)
    const leaseId = permit.permitLease?.leaseId ?? ''
    const step = (kind: RunStepKind, status: RunStepStatus, summary: string, detail = '') =>
      rpc.appendRunStep({ ...ids('step'), step: { runId, kind, status, summary, detail } })
    const note = (kind: string, summary: string, detail = '') =>
      rpc.logActivity({ ...ids('activity'), target, agentId, kind, summary, detail, runId })
    await this.#status(agentId, AgentPresence.BUSY, AgentActivityState.RUNNING_COMMAND)
    await rpc.updateRunStatus({ ...ids('run'), runId, agentId, state: RunState.RUNNING, leaseId, summary: 'running' })
    await step(RunStepKind.START, RunStepStatus.COMPLETED, 'run started')
    const { snapshot } = await rpc.getLaunchPromptSnapshot({ runId, agentId, computerId, requestId: random('prompt') })
    await note('prompt_snapshot_loaded', snapshot?.snapshotId ?? '', snapshot?.contentHash)
    await step(RunStepKind.COMMAND, RunStepStatus.RUNNING, 'codex exec --json')
    archive.push({ phase: AgentRunPhase.TOOL_CALL, payloadJson: new TextEncoder().encode('{"command":"codex"}') })
    const turn = await this.options.execute(`${run.summary}\ninput_message_id=${run.inputMessageId}`, run)
    this.ran.push(runId)
    const failed = turn.exitCode !== 0
    const status = failed ? RunStepStatus.FAILED : RunStepStatus.COMPLETED
    await step(RunStepKind.COMMAND, status, 'codex exec --json', turn.output)
    await step(RunStepKind.RESULT, status, failed ? 'run failed' : 'run completed')
    const state = failed ? RunState.FAILED : RunState.COMPLETED
    const end = { summary: 'finished', error: failed ? `exit status ${turn.exitCode}` : '' }
    const ended = await rpc.updateRunStatus({ ...ids('run'), runId, agentId, state, leaseId, ...end })
    // It does not look at the answer.
    if (!ended.accepted) this.refused.push(ended.rejectionReason)
    await this.#status(agentId, AgentPresence.IDLE, AgentActivityState.WAITING)
    archive.push({ phase: AgentRunPhase.END, exitCode: turn.exitCode })
    archive.close()
    await archived
    await note(failed ? 'run_failed' : 'run_completed', 'done', turn.output)
    await rpc.releaseStartPermit({ ...ids('release'), leaseId, computerId, agentId })
  }
}

const random = (prefix: string): string => `${prefix}-${crypto.getRandomValues(new Uint8Array(8)).toHex()}`

/** Fresh for each call and different from each other, so they never repeat anything. */
const ids = (prefix: string) => ({
  requestId: random(prefix),
  idempotencyKey: random(prefix),
  context: {
    traceId: random('trace'),
    actor: { actorKind: ActorKind.DAEMON, daemonId: 'daemon-old', displayName: 'old' },
    client: { platform: 'daemon', version: 'v0.46.1', os: 'linux' },
  },
})

const statusOf = (agentId: string, computerId: string, presence: AgentPresence, activityState: AgentActivityState) => ({
  agentId,
  computerId,
  runtimeProfileId: `profile-${agentId}`,
  presence,
  activityState,
  health: AgentHealth.OK,
  expiresTimeUnix: BigInt(Math.floor(Date.now() / 1000) + 60),
})

/** Events that are written while they are being sent. */
class Channel<T> implements AsyncIterable<T> {
  readonly #items: T[] = []
  #closed = false
  #wake: () => void = () => {}

  push(item: T): void {
    this.#items.push(item)
    this.#wake()
  }

  close(): void {
    this.#closed = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const item = this.#items.shift()
      if (item !== undefined) yield item
      else if (this.#closed) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
