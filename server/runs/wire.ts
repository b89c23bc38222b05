import type { MessageInitShape } from '@bufbuild/protobuf'
import { type Run, type RunStep, StepDetail } from '@shared/contract'
import {
  type RunSchema,
  RunState,
  type RunStep as WireStep,
  RunStepKind,
  type RunStepSchema,
  RunStepStatus,
} from '@shared/gen/nekode/daemon/v1/runs_pb'
import { TEXT } from '../rpc/limits'
import { cut, cutVisibly, firstLine } from '../rpc/text'
import { seconds } from '../rpc/wire'
import { replyTarget } from '../prompts/sections'
import { RUN_LEASE_SECONDS } from './service'
import type { RunRow } from './view'

type State = Run['state']
type Status = RunStep['status']

/** The wire has one state for a run that is starting and one that is under way. */
const STATES: Record<State, RunState> = {
  queued: RunState.QUEUED,
  starting: RunState.RUNNING,
  running: RunState.RUNNING,
  waiting_approval: RunState.BLOCKED,
  completed: RunState.COMPLETED,
  failed: RunState.FAILED,
  canceled: RunState.CANCELED,
}

/** What a daemon may report. */
const REPORTED: Partial<Record<RunState, State>> = {
  [RunState.QUEUED]: 'queued',
  [RunState.RUNNING]: 'running',
  [RunState.BLOCKED]: 'waiting_approval',
  [RunState.COMPLETED]: 'completed',
  [RunState.FAILED]: 'failed',
  [RunState.CANCELED]: 'canceled',
}

export const reportedState = (state: RunState): State | undefined => REPORTED[state]

/** The profile of a runtime is the agent's own, so its id follows from the agent's. */
export const runtimeProfileId = (agentId: string): string => agentId.replace(/^agent_/, 'profile_')

/** A run as everybody sees it. The lease is its computer's business: see `ownRun`. */
export const wireRun = (run: Run): MessageInitShape<typeof RunSchema> => ({
  runId: run.id,
  target: replyTarget(run),
  agentId: run.agentId,
  computerId: run.computerId,
  runtimeProfileId: runtimeProfileId(run.agentId),
  state: STATES[run.state],
  inputMessageId: run.inputMessageId ?? '',
  startedTimeUnix: seconds(run.startedAt),
  updatedTimeUnix: seconds(run.updatedAt),
  completedTimeUnix: seconds(run.completedAt),
  error: run.failure?.message ?? '',
  failureReason: run.failure?.reason ?? '',
  summary: run.summary,
  attempt: run.attempt,
  maxAttempts: run.maxAttempts,
})

/**
 * A run as its computer gets it.
 * @param asked the text of the message to answer: older daemons hand the summary of a queued run to the agent
 */
export const ownRun = (run: RunRow, asked = ''): MessageInitShape<typeof RunSchema> => ({
  ...wireRun(run),
  summary: run.summary || asked,
  leaseId: run.leaseId ?? '',
  lastHeartbeatTimeUnix: seconds(run.leaseExpiresAt === null ? null : run.leaseExpiresAt - RUN_LEASE_SECONDS * 1000),
})

const STATUS: Record<Status, RunStepStatus> = {
  running: RunStepStatus.RUNNING,
  completed: RunStepStatus.COMPLETED,
  failed: RunStepStatus.FAILED,
  skipped: RunStepStatus.SKIPPED,
}

export function stepStatus(status: RunStepStatus): Status {
  switch (status) {
    case RunStepStatus.RUNNING:
      return 'running'
    case RunStepStatus.FAILED:
      return 'failed'
    case RunStepStatus.SKIPPED:
      return 'skipped'
    default:
      return 'completed'
  }
}

export function stepKind(detail: StepDetail): RunStepKind {
  switch (detail.type) {
    case 'tool':
      return detail.kind === 'execute' ? RunStepKind.COMMAND : RunStepKind.TOOL
    case 'usage':
      return RunStepKind.CONTEXT
    case 'approval':
      return RunStepKind.CUSTOM
    default:
      return RunStepKind.PROGRESS
  }
}

function stepSummary(detail: StepDetail): string {
  switch (detail.type) {
    case 'tool':
    case 'approval':
      return firstLine(detail.title, TEXT.line)
    case 'text':
    case 'thought':
    case 'notice':
      return firstLine(detail.text, TEXT.line)
    case 'retry':
      return firstLine(detail.message, TEXT.line)
    default:
      return ''
  }
}

/** A step with its detail; `detail: false` leaves it out, for an answer to somebody who has it. */
export const wireStep = (step: RunStep, options = { detail: true }): MessageInitShape<typeof RunStepSchema> => ({
  stepId: step.id,
  runId: step.runId,
  sequence: step.sequence,
  kind: stepKind(step.detail),
  status: STATUS[step.status],
  summary: stepSummary(step.detail),
  detail: options.detail ? JSON.stringify(step.detail) : '',
  startedTimeUnix: seconds(step.startedAt),
  completedTimeUnix: seconds(step.completedAt),
})

/** What a step holds. Plain text of older daemons becomes a tool call or a notice; nothing is refused. */
export function readDetail(step: WireStep): StepDetail {
  return ownDetail(step.detail) ?? legacyDetail(step)
}

/** Tools take and give anything, and what nests without end can be read but not written again. */
const MAX_DEPTH = 100

/** The value itself, or a copy in which what nests deeper is left out. */
function shallow(value: unknown, left: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (left === 0) return '…'
  if (Array.isArray(value)) {
    const items = value.map((item) => shallow(item, left - 1))
    return items.some((item, i) => item !== value[i]) ? items : value
  }
  const fields = Object.entries(value).map(([name, item]): [string, unknown] => [name, shallow(item, left - 1)])
  return fields.some(([name, item]) => item !== Reflect.get(value, name)) ? Object.fromEntries(fields) : value
}

function ownDetail(text: string): StepDetail | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return StepDetail.safeParse(shallow(JSON.parse(text), MAX_DEPTH)).data
  } catch {
    // Text that happens to start like JSON: the output of a command, say.
    return undefined
  }
}

function legacyDetail(step: WireStep): StepDetail {
  const summary = cut(step.summary, TEXT.error)
  const detail = cutVisibly(step.detail, TEXT.answer)
  const failed = step.status === RunStepStatus.FAILED
  const command = step.kind === RunStepKind.COMMAND || step.kind === RunStepKind.TEST
  if (!command && step.kind !== RunStepKind.TOOL) {
    const text = [summary, detail].filter(Boolean).join('\n')
    return { type: 'notice', level: failed ? 'error' : 'info', text: text || RunStepKind[step.kind].toLowerCase() }
  }
  const over = step.status !== RunStepStatus.RUNNING
  return {
    type: 'tool',
    name: command ? 'command' : 'tool',
    kind: command ? 'execute' : 'other',
    title: summary || (command ? 'Command' : 'Tool'),
    ...(detail === '' ? {} : { output: detail }),
    ...(over ? { outcome: failed ? ('failed' as const) : ('completed' as const) } : {}),
  }
}
