import { RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import type { RunResult } from '@shared/contract/control'
import { MAX_CONTENT } from '@shared/contract/lengths'
import { NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { redactText } from '@shared/redact'
import { pause } from '../control/backoff'
import type { Journal } from '../control/journal'
import type { Link } from '../control/link'
import type { Outbox } from '../control/outbox'
import { clip } from '../runtimes/lines'
import type { Ending } from './ending'
import { type Prompt, promptOf } from './prompt'
import { type Attempt, queueOf, type RunStore } from './runs'
import type { StepReport } from './steps'
import type { Task } from './task'

const PERMIT_SECONDS = 60
const MAX_SUMMARY = 200
const MAX_ERROR = 4000

export interface UplinkDeps {
  computerId: string
  journal: Journal
  link: Link
  outbox: Outbox
  runs: RunStore
  log: Logger
}

/** What the supervisor says to the server about runs, and asks it. Everything that is said goes through the journal. */
export class Uplink {
  readonly #deps: UplinkDeps

  constructor(deps: UplinkDeps) {
    this.#deps = deps
  }

  /**
   * Waits for the permit to start a turn of the task's agent; its lease becomes the task's.
   * @returns what gives the place in the server's start queue back
   * @throws the signal's reason, or what the server has against it
   */
  async permit(task: Task, signal: AbortSignal): Promise<() => void> {
    const { link, outbox, runs, computerId } = this.#deps
    const { agentId } = task
    for (;;) {
      // A key of its own for each try: the answer "not yet" is not the answer to the next one.
      const key = crypto.randomUUID()
      const request = { computerId, agentId, permitTtlSeconds: PERMIT_SECONDS, requestId: key, idempotencyKey: key }
      const answer = await link.call((client) => client.acquireStartPermit(request, { signal }), signal)
      const leaseId = answer.permitLease?.leaseId ?? ''
      if (answer.granted && leaseId !== '') {
        task.leaseId = leaseId
        runs.activate(task, leaseId)
        return () => outbox.push(`permit:${leaseId}`, 'ReleaseStartPermit', { leaseId, computerId, agentId })
      }
      if (answer.rejectionReason === 'agent_disabled')
        throw new NekodeError('precondition', 'The agent is turned off.', { code: 'agent_disabled' })
      await pause(Math.max(1, answer.retryAfterSeconds) * 1000, signal)
      signal.throwIfAborted()
    }
  }

  /**
   * Tells the server that the task runs now. @returns false when the server does not want it to
   * @throws the signal's reason
   */
  async running(task: Task, signal?: AbortSignal): Promise<boolean> {
    const { link, runs } = this.#deps
    const { runId, agentId, leaseId } = task
    const key = crypto.randomUUID()
    const request = { runId, agentId, leaseId, state: RunState.RUNNING, requestId: key, idempotencyKey: key }
    runs.activate(task, leaseId)
    try {
      const answer = await link.call((client) => client.updateRunStatus(request, signal ? { signal } : {}), signal)
      if (!answer.accepted) return false
      // A run that joins a turn has had no permit; its lease comes with this answer.
      task.leaseId = answer.run?.leaseId || leaseId
      task.running = true
      runs.activate(task, task.leaseId)
      return true
    } catch (error) {
      if (error instanceof NekodeError && (error.kind === 'not_found' || error.kind === 'forbidden')) return false
      throw error
    }
  }

  /** What the agent is to be told. Servers that make no launch prompts leave the run's summary. */
  async prompt(task: Task, signal?: AbortSignal): Promise<Prompt> {
    const { link, computerId } = this.#deps
    const { runId, agentId, summary } = task
    const request = { runId, agentId, computerId, requestId: crypto.randomUUID() }
    const bare: Prompt = { launch: '', place: '', message: summary }
    try {
      const { snapshot } = await link.call(
        (client) => client.getLaunchPromptSnapshot(request, signal ? { signal } : {}),
        signal,
      )
      return snapshot ? promptOf(snapshot, summary) : bare
    } catch (error) {
      if (error instanceof NekodeError && error.kind === 'unimplemented') return bare
      throw error
    }
  }

  nextSequence(task: Task): number {
    const { runs } = this.#deps
    const sequence = (runs.get(task.runId)?.stepSequence ?? 0) + 1
    runs.step(task, sequence)
    return sequence
  }

  backlog(task: Task): number {
    return this.#deps.outbox.pending(queueOf(task))
  }

  step(task: Task, report: StepReport): void {
    this.#journaled(task, () => this.#pushStep(task, report))
  }

  #pushStep(task: Task, report: StepReport): void {
    const { runId, leaseId } = task
    const { stepId, sequence, kind, status, summary, detail, startedAt, completedAt } = report
    this.#deps.outbox.push(queueOf(task), 'AppendRunStep', {
      leaseId,
      step: {
        stepId,
        runId,
        sequence,
        kind,
        status,
        summary: clip(summary, MAX_SUMMARY),
        detail: JSON.stringify(detail),
        startedTimeUnix: BigInt(startedAt),
        completedTimeUnix: BigInt(completedAt),
      },
    })
  }

  /** Reports the end of a task, once. `lost` reports nothing. */
  end(task: Task, ending: Ending, result: RunResult = {}): void {
    const { journal, outbox, runs } = this.#deps
    const { runId, agentId, leaseId } = task
    // Nothing was begun: the server still has it in its queue.
    if (ending.type === 'given_back' && leaseId === '') return
    this.#journaled(task, () =>
      journal.tx(() => {
        runs.end(task)
        if (ending.type === 'lost') return outbox.drop(queueOf(task))
        outbox.push(queueOf(task), 'UpdateRunStatus', { runId, agentId, leaseId, ...endingFields(ending, result) })
      }),
    )
  }

  /** Without its journal (a full disk) the daemon goes on; what it could not note is found by the end of the run's lease. */
  #journaled({ runId }: Task, write: () => void): void {
    try {
      write()
    } catch (error) {
      this.#deps.log.error('a report about a run could not be written down', { run: runId, error })
    }
  }

  /** Gives back a run that the server believes to be under way here, with the permit that its lease may have come from. */
  giveBack(attempt: Attempt, agentId: string, leaseId: string, message: string): void {
    const { journal, outbox, runs, computerId } = this.#deps
    const ending: Ending = { type: 'given_back', failure: { reason: 'crashed', message } }
    journal.tx(() => {
      runs.end(attempt)
      const { runId } = attempt
      outbox.push(queueOf(attempt), 'UpdateRunStatus', { runId, agentId, leaseId, ...endingFields(ending, {}) })
      outbox.push(`permit:${leaseId}`, 'ReleaseStartPermit', { leaseId, computerId, agentId })
    })
  }

  /** @returns false when the server says that the run is not this daemon's any more */
  async renew({ runId, agentId, leaseId }: Task): Promise<boolean> {
    const client = this.#deps.link.client
    if (!client || leaseId === '') return true
    const key = crypto.randomUUID()
    const answer = await client.renewRunLease({ runId, agentId, leaseId, requestId: key, idempotencyKey: key })
    return answer.accepted
  }

  /** Says something in a conversation in the agent's own name, outside of any run. */
  say(agentId: string, conversation: string, content: string): void {
    const [, target = conversation, thread = ''] = /^(.*?)(?::(msg_[^:]+))?$/.exec(conversation) ?? []
    this.#deps.outbox.push(
      `agent:${agentId}`,
      'SendMessage',
      { target, replyToMessageId: thread, content: clip(content, MAX_CONTENT - 100), role: 'assistant' },
      agentId,
    )
  }
}

function endingFields(ending: Exclude<Ending, { type: 'lost' }>, result: RunResult) {
  switch (ending.type) {
    case 'completed': {
      const resultMessage = result.joinedRunId ? '' : clip(ending.answer, MAX_CONTENT - 100)
      return {
        state: RunState.COMPLETED,
        summary: clip(ending.answer.split('\n', 1)[0] ?? '', MAX_SUMMARY),
        resultMessage,
        resultJson: JSON.stringify(result),
      }
    }
    case 'canceled':
      return {
        state: RunState.CANCELED,
        error: ending.why,
        resultMessage: clip(ending.answer, MAX_CONTENT - 100),
        resultJson: JSON.stringify(result),
      }
    case 'failed':
    case 'given_back': {
      const { reason, resetsAt } = ending.failure
      const message = clip(redactText(ending.failure.message), MAX_ERROR)
      const failure = { reason, message, ...(resetsAt === undefined ? {} : { resetsAt: Math.round(resetsAt) }) }
      return {
        state: ending.type === 'failed' ? RunState.FAILED : RunState.QUEUED,
        error: message,
        resultJson: JSON.stringify({ ...result, failure }),
      }
    }
  }
}
