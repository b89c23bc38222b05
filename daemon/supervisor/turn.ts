import type { DaemonCommand } from '@shared/contract/control'
import type { ApprovalPolicy } from '@shared/contract/agents'
import { formatDuration } from '@shared/duration'
import type { AgentEvent, Decision, EventOf, SavedCall, ToolKind } from '../runtimes/events'
import type { Failure } from '../runtimes/failure'
import { leavesWorkspace } from '../workspace/paths'
import { answerOf } from './answer'
import { type Ending, isLostProcess } from './ending'
import { decide, deniedText } from './policy'
import { Savings } from './savings'
import { Steps, type StepReport } from './steps'

export interface TurnOptions {
  policy: ApprovalPolicy
  /** Real path. */
  workspace: string
  /** Longest silence of the runtime, in milliseconds, while it neither runs a tool nor waits for a person. */
  hangMs: number
  /** There is a run whose people can be asked. Default true. */
  canAsk?: boolean
  /** Longest time of the whole turn; none without it. */
  maxMs?: number | undefined
  push(report: StepReport): void
  backlog(): number
  nextSequence(): number
  clean(text: string): string
  held(text: string): number
  answer(requestId: string, decision: Decision): void
  /** The turn has to be stopped; its ending is decided already. */
  onStop(): void
  onEnd(ending: Ending): void
  /** What the agent is at, for its status. */
  onActivity(activity: Activity): void
}

export type Activity = { type: 'thinking' } | { type: 'tool'; kind: ToolKind; title: string } | { type: 'approval' }

/** A runtime that wakes by itself, for a command in the background, acts outside of any run. */
const NOBODY = 'Nobody can be asked now, because nobody wrote. Say what you would do and wait for an answer.'

interface Approval {
  driverRequestId: string
  close(withdrawn: boolean): void
}

/** One turn of an agent: its steps, permission requests, limits and ending. What runs it, and for which runs, is the agent's business. */
export class Turn {
  readonly #options: TurnOptions
  readonly #steps: Steps
  /** Open permission requests by the id that people's answers carry. */
  readonly #approvals = new Map<string, Approval>()
  readonly #savings = new Savings()
  #verdict: Ending | undefined
  #ended = false
  #hang: Timer | undefined
  readonly #limit: Timer | undefined

  constructor(options: TurnOptions) {
    this.#options = options
    const { push, backlog, nextSequence, clean, held, maxMs } = options
    const failure: Failure = { reason: 'output_limit', message: 'The agent wrote more than a run may hold.' }
    this.#steps = new Steps({
      push,
      backlog,
      nextSequence,
      clean,
      held,
      onOverflow: () => this.stop({ type: 'failed', failure }),
    })
    if (maxMs !== undefined) this.#limit = setTimeout(() => this.#tooLong(maxMs), maxMs)
  }

  /** Nothing more is taken in: the turn is over, or is being stopped. */
  get isClosed(): boolean {
    return this.#ended || this.#verdict !== undefined
  }

  /** Decides how the turn ends and has it stopped. The first decision counts. */
  stop(verdict: Ending): void {
    if (this.isClosed) return
    this.#verdict = verdict
    this.#options.onStop()
  }

  /** The runtime was handed the turn: from now on its silence counts. */
  started(): void {
    this.#touch()
  }

  on(event: AgentEvent): void {
    if (this.#ended) return
    switch (event.type) {
      case 'permission':
        this.#ask(event)
        break
      case 'permission.cancel':
        this.#withdraw(event.requestId)
        break
      case 'turn.end':
        return this.end(this.#endingOf(event))
      case 'usage':
        this.#steps.on(this.#savings.correct(event))
        break
      default:
        this.#steps.on(event)
        this.#tell(event)
    }
    this.#touch()
  }

  /** A person's answer. One that is late, or of another turn, is ignored. */
  decide({ requestId, allow, remember, message }: Extract<DaemonCommand, { type: 'answer_permission' }>): void {
    const approval = this.#approvals.get(requestId)
    if (!approval) return
    this.#approvals.delete(requestId)
    const denied = message ? { allow: false as const, message } : { allow: false as const }
    this.#options.answer(approval.driverRequestId, allow ? { allow, ...(remember ? { remember } : {}) } : denied)
    approval.close(false)
    this.#options.onActivity({ type: 'thinking' })
    this.#touch()
  }

  /** The program was given an answer from the cache, and takes it for one of the model. */
  saved({ model, usage, costUsd }: SavedCall): void {
    if (this.#ended) return
    this.#savings.add(usage)
    this.#steps.on({ type: 'cache', turnId: '', model, usage, ...(costUsd === undefined ? {} : { costUsd }) })
    this.#touch()
  }

  /** Says something about the run itself in its steps. */
  notice(level: 'info' | 'warning', text: string): void {
    if (!this.#ended) this.#steps.notice(level, text)
  }

  /** Ends the turn, whatever the runtime says later. */
  end(ending: Ending): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#hang)
    clearTimeout(this.#limit)
    for (const { close } of this.#approvals.values()) close(true)
    this.#approvals.clear()
    this.#steps.finish()
    this.#options.onEnd(ending)
  }

  #endingOf({ reason, text, failure }: EventOf<'turn.end'>): Ending {
    const answer = answerOf(this.#steps.settle()) || text
    // What was finished before the stop took hold is finished.
    if (reason === 'completed' && this.#verdict?.type !== 'lost') return { type: 'completed', answer }
    const verdict = this.#verdict
    if (verdict?.type === 'canceled') return { ...verdict, answer }
    if (verdict) return verdict
    if (reason === 'interrupted' || !failure)
      return { type: 'canceled', answer, why: 'The runtime ended the turn without finishing it.' }
    if (isLostProcess(failure)) return { type: 'given_back', failure }
    return { type: 'failed', failure: { ...failure, message: this.#options.clean(failure.message) } }
  }

  #ask(event: EventOf<'permission'>): void {
    const { policy, workspace, answer } = this.#options
    const { requestId: driverRequestId, name, kind, title, input, canRemember } = event
    const rule = decide(policy, { name, kind, outside: leavesWorkspace(workspace, event) })
    if (rule === 'allow') return answer(driverRequestId, { allow: true })
    if (rule === 'deny') return answer(driverRequestId, { allow: false, message: deniedText(kind) })
    if (this.#options.canAsk === false) return answer(driverRequestId, { allow: false, message: NOBODY })
    // Runtimes count their requests from one again in each process; an answer must find the one it was given for.
    const requestId = crypto.randomUUID()
    const close = this.#steps.ask({ type: 'approval', requestId, name, kind, title, input, canRemember })
    this.#approvals.set(requestId, { driverRequestId, close })
    this.#options.onActivity({ type: 'approval' })
  }

  #withdraw(driverRequestId: string): void {
    for (const [requestId, approval] of this.#approvals) {
      if (approval.driverRequestId !== driverRequestId) continue
      this.#approvals.delete(requestId)
      approval.close(true)
    }
  }

  #tell(event: AgentEvent): void {
    const { onActivity, clean } = this.#options
    if (event.type === 'tool.start') onActivity({ type: 'tool', kind: event.kind, title: clean(event.title) })
    if (event.type === 'thought.delta' || event.type === 'message.delta') onActivity({ type: 'thinking' })
  }

  /** A sign of life. Tools and people may take as long as they like. */
  #touch(): void {
    clearTimeout(this.#hang)
    if (this.#ended || this.#approvals.size > 0 || this.#steps.openTools > 0) return
    const { hangMs } = this.#options
    this.#hang = setTimeout(() => {
      const message = `The runtime gave no sign of life for ${formatDuration(hangMs)}.`
      this.stop({ type: 'failed', failure: { reason: 'timeout', message } })
    }, hangMs)
  }

  #tooLong(maxMs: number): void {
    const message = `The run took longer than ${formatDuration(maxMs)}, the limit of this agent or of its computer.`
    this.stop({ type: 'failed', failure: { reason: 'timeout', message } })
  }
}
