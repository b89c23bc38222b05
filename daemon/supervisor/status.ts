import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  AgentActivityState,
  AgentHealth,
  AgentPresence,
  AgentStatusSeverity,
  type AgentStatusSnapshotSchema,
} from '@shared/gen/nekode/daemon/v1/agents_pb'
import type { ToolKind } from '../runtimes/events'
import { clip } from '../runtimes/lines'
import type { Failure } from '../runtimes/failure'
import type { Activity } from './turn'

export type StatusInit = MessageInitShape<typeof AgentStatusSnapshotSchema>

const MAX_TEXT = 200
const HEALTH: Partial<Record<Failure['reason'], AgentHealth>> = {
  runtime_login_required: AgentHealth.AUTH_REQUIRED,
  quota_exhausted: AgentHealth.PROVIDER_QUOTA,
  rate_limited: AgentHealth.PROVIDER_QUOTA,
  runtime_missing: AgentHealth.RUNTIME_ERROR,
  crashed: AgentHealth.RUNTIME_ERROR,
  killed: AgentHealth.RUNTIME_ERROR,
  timeout: AgentHealth.RUNTIME_ERROR,
  invalid_output: AgentHealth.RUNTIME_ERROR,
  workspace_unavailable: AgentHealth.RUNTIME_ERROR,
  secret_unavailable: AgentHealth.RUNTIME_ERROR,
  model_unavailable: AgentHealth.RUNTIME_ERROR,
}

const TOOLS: Record<ToolKind, [AgentActivityState, string]> = {
  read: [AgentActivityState.READING_CONTEXT, 'reading'],
  search: [AgentActivityState.READING_CONTEXT, 'searching'],
  fetch: [AgentActivityState.READING_CONTEXT, 'fetching'],
  edit: [AgentActivityState.CODING, 'editing'],
  delete: [AgentActivityState.CODING, 'deleting'],
  move: [AgentActivityState.CODING, 'moving'],
  execute: [AgentActivityState.RUNNING_COMMAND, 'running a command'],
  think: [AgentActivityState.THINKING, 'thinking'],
  mcp: [AgentActivityState.CODING, 'using a tool'],
  other: [AgentActivityState.CODING, 'using a tool'],
}

/** What people see of an agent beside its runs: is it there, is it well, what is it at. */
export class Status {
  readonly #computerId: string
  readonly #agentId: string
  readonly #onChange: () => void
  #presence = AgentPresence.ONLINE
  #activity = AgentActivityState.WAITING
  #health = AgentHealth.OK
  #summary = ''
  #detail = ''
  #runId = ''
  #target = ''
  #changedAt = Date.now()

  constructor(computerId: string, agentId: string, onChange: () => void) {
    this.#computerId = computerId
    this.#agentId = agentId
    this.#onChange = onChange
  }

  snapshot(): StatusInit {
    const isWell = this.#health === AgentHealth.OK
    return {
      agentId: this.#agentId,
      computerId: this.#computerId,
      presence: this.#presence,
      activityState: this.#activity,
      health: this.#health,
      summary: clip(this.#summary, MAX_TEXT),
      detail: clip(this.#detail, MAX_TEXT),
      runId: this.#runId,
      target: this.#target,
      severity: isWell ? AgentStatusSeverity.INFO : AgentStatusSeverity.WARNING,
      updatedTimeUnix: BigInt(Math.floor(this.#changedAt / 1000)),
    }
  }

  working(runId: string, target: string): void {
    this.#runId = runId
    this.#target = target
    this.#set(AgentPresence.BUSY, AgentActivityState.RECEIVING_MESSAGE, 'starting')
  }

  doing(activity: Activity): void {
    if (activity.type === 'approval')
      return this.#set(AgentPresence.BUSY, AgentActivityState.BLOCKED, 'waiting for approval')
    if (activity.type === 'thinking') return this.#set(AgentPresence.BUSY, AgentActivityState.THINKING, 'thinking')
    const [state, verb] = TOOLS[activity.kind]
    this.#set(AgentPresence.BUSY, state, activity.title ? `${verb}: ${activity.title}` : verb)
  }

  /** In the agent's own words. */
  say(text: string): void {
    this.#set(this.#presence, this.#activity, text)
  }

  /** Ready for the next message; `failure` is what the last turn ended with, which may concern the next one too. */
  idle(failure?: Failure): void {
    const health = failure && HEALTH[failure.reason]
    this.#health = health ?? AgentHealth.OK
    this.#detail = health ? failure.message : ''
    this.#runId = ''
    this.#set(health ? AgentPresence.DEGRADED : AgentPresence.ONLINE, AgentActivityState.WAITING, '')
  }

  /** Its process was stopped to save memory; the next message starts it again. */
  asleep(): void {
    if (this.#health === AgentHealth.OK) this.#set(AgentPresence.SLEEPING, AgentActivityState.WAITING, '')
  }

  restarting(): void {
    this.#set(this.#presence, AgentActivityState.RESTARTING, 'restarting')
  }

  #set(presence: AgentPresence, activity: AgentActivityState, summary: string): void {
    if (presence === this.#presence && activity === this.#activity && summary === this.#summary) return
    this.#presence = presence
    this.#activity = activity
    this.#summary = summary
    this.#changedAt = Date.now()
    this.#onChange()
  }
}
