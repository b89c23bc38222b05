import { RunStepKind, RunStepStatus } from '@shared/gen/nekode/daemon/v1/runs_pb'
import type { StepDetail } from '@shared/contract/runs'
import type { AgentEvent, EventOf, ToolStatus } from '../runtimes/events'
import { parseJson } from '../runtimes/json'
import { clip } from '../runtimes/lines'
import type { Segment } from './answer'

/** Streaming text travels in pieces, at most this often. */
const PIECE_MS = 40
/** So many reports may wait for the server before pieces are held back and grow instead. */
const BACKLOG = 2
const MAX_PIECE = 64 * 1024
const MAX_OUTPUT = 64 * 1024
const MAX_DIFF = 128 * 1024
const MAX_INPUT = 32 * 1024
/** Text and thoughts of one turn, in UTF-16 code units. */
const MAX_TEXT = 4 * 1024 * 1024

/** One report about a step; the same `stepId` again updates it. */
export interface StepReport {
  stepId: string
  sequence: number
  kind: RunStepKind
  status: RunStepStatus
  summary: string
  detail: StepDetail
  /** Unix seconds. */
  startedAt: number
  completedAt: number
}

export interface StepSink {
  push(report: StepReport): void
  /** Reports that the server has not answered yet. */
  backlog(): number
  /** The number of the next step. */
  nextSequence(): number
  /** The turn has said more than a run may hold. Called once. */
  onOverflow(): void
  /** Takes secrets out of a text. */
  clean(text: string): string
  /** How many characters at the end of a text that goes on may be the beginning of a secret. */
  held(text: string): number
}

interface Step {
  stepId: string
  sequence: number
  startedAt: number
}

/** A text or a thought that is being written. */
interface Block extends Step {
  type: 'text' | 'thought'
  /** The runtime's name for the message; '' for thoughts. */
  messageId: string
  text: string
  /** The end of what was said: it is shown with what follows, when it is known to be no part of a secret. */
  rest: string
  /** How much of it has been reported. */
  sent: number
  segment: Extract<Segment, { type: 'text' }> | undefined
}

interface Tool extends Step {
  name: string
  kind: EventOf<'tool.start'>['kind']
  title: string
  input?: unknown
}

type DetailOf<T extends StepDetail['type']> = Extract<StepDetail, { type: T }>

/** Turns what a runtime does in one turn into the steps of its run. */
export class Steps {
  readonly #sink: StepSink
  readonly #segments: Segment[] = []
  readonly #tools = new Map<string, Tool>()
  #texts = new Map<string, Block>()
  #thought: Block | undefined
  #plan: Step | undefined
  #timer: Timer | undefined
  #flushedAt = 0
  #size = 0
  #overflow = false

  constructor(sink: StepSink) {
    this.#sink = sink
  }

  /** What the turn consisted of, for its answer: nothing more is said, so nothing is held back. */
  settle(): readonly Segment[] {
    for (const block of this.#texts.values()) this.#show(block, block.rest, block.rest.length)
    return this.#segments
  }

  /** Tools that have started and not ended. */
  get openTools(): number {
    return this.#tools.size
  }

  on(event: AgentEvent): void {
    if (event.type !== 'thought.delta') this.#endThought()
    switch (event.type) {
      case 'message.delta':
        return this.#grow(this.#textBlock(event.messageId), event.text)
      case 'message':
        return this.#endText(this.#textBlock(event.messageId), event.text)
      case 'thought.delta':
        this.#thought ??= this.#block('thought', '')
        return this.#grow(this.#thought, event.text)
      case 'tool.start':
        return this.#startTool(event)
      case 'tool.update':
        return this.#updateTool(event)
      case 'tool.end':
        return this.#endTool(event)
      case 'plan':
        this.#plan ??= this.#step()
        return this.#push(this.#plan, RunStepStatus.COMPLETED, {
          type: 'plan',
          entries: event.entries.map((entry) => ({ ...entry, text: this.#sink.clean(entry.text) })),
        })
      case 'usage': {
        const { usage, costUsd, context } = event
        const more = { ...(costUsd === undefined ? {} : { costUsd }), ...(context ? { context } : {}) }
        return this.#push(this.#step(), RunStepStatus.COMPLETED, { type: 'usage', usage, ...more })
      }
      case 'cache': {
        const { model, usage, costUsd } = event
        const cost = costUsd === undefined ? {} : { costUsd }
        return this.#push(this.#step(), RunStepStatus.COMPLETED, { type: 'cache', model, usage, ...cost })
      }
      case 'retry':
        return this.#push(this.#step(), RunStepStatus.COMPLETED, {
          type: 'retry',
          attempt: event.attempt,
          message: this.#sink.clean(event.message),
        })
      case 'error':
        return this.notice('error', event.message)
    }
  }

  notice(level: DetailOf<'notice'>['level'], text: string): void {
    this.#push(this.#step(), RunStepStatus.COMPLETED, { type: 'notice', level, text: this.#sink.clean(text) })
  }

  /** Opens the step of a permission request. @returns how to close it, once */
  ask(detail: DetailOf<'approval'>): (withdrawn: boolean) => void {
    this.#flushAll()
    const step = this.#step()
    const whole = { ...detail, title: this.#sink.clean(detail.title), ...this.#input(detail.input) }
    this.#push(step, RunStepStatus.RUNNING, whole)
    let open = true
    return (withdrawn) => {
      if (!open) return
      open = false
      this.#push(step, RunStepStatus.COMPLETED, withdrawn ? { ...whole, withdrawn } : whole)
    }
  }

  /** Ends everything that is still open. */
  finish(): void {
    this.#endThought()
    for (const block of this.#texts.values()) this.#flush(block, true)
    this.#texts.clear()
    for (const toolId of this.#tools.keys())
      this.#endTool({ type: 'tool.end', turnId: '', toolId, status: 'interrupted', output: '' })
    clearTimeout(this.#timer)
  }

  #step(): Step {
    return { stepId: newStepId(), sequence: this.#sink.nextSequence(), startedAt: seconds() }
  }

  #block(type: Block['type'], messageId: string): Block {
    const segment: Block['segment'] = type === 'text' ? { type: 'text', text: '' } : undefined
    if (segment) this.#segments.push(segment)
    return { ...this.#step(), type, messageId, text: '', rest: '', sent: 0, segment }
  }

  #textBlock(messageId: string): Block {
    const block = this.#texts.get(messageId) ?? this.#block('text', messageId)
    this.#texts.set(messageId, block)
    return block
  }

  #grow(block: Block, text: string): void {
    this.#size += text.length
    if (this.#size > MAX_TEXT) {
      if (!this.#overflow) this.#sink.onOverflow()
      this.#overflow = true
      return
    }
    const unseen = block.rest + text
    this.#show(block, unseen, unseen.length - this.#sink.held(unseen))
    const wait = this.#flushedAt + PIECE_MS - performance.now()
    if (wait <= 0 && this.#sink.backlog() <= BACKLOG) this.#flushAll()
    else this.#later(wait)
  }

  #show(block: Block, unseen: string, count: number): void {
    block.text += this.#sink.clean(unseen.slice(0, count))
    block.rest = unseen.slice(count)
    if (block.segment) block.segment.text = block.text
  }

  #later(ms: number): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined
        // While the server is slow or away the pieces grow instead of piling up.
        if (this.#sink.backlog() > BACKLOG) this.#later(PIECE_MS)
        else this.#flushAll()
      },
      Math.max(1, ms),
    )
  }

  #flushAll(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#flushedAt = performance.now()
    if (this.#thought) this.#flush(this.#thought, false)
    for (const block of this.#texts.values()) this.#flush(block, false)
  }

  /** Reports what was written since the last time. */
  #flush(block: Block, last: boolean): void {
    if (last) this.#show(block, block.rest, block.rest.length)
    const pieces = Math.ceil((block.text.length - block.sent) / MAX_PIECE)
    // A block that is finished is said to be, also when there is no more text to say it with.
    for (let left = last ? Math.max(1, pieces) : pieces; left > 0; left--) {
      const text = block.text.slice(block.sent, block.sent + MAX_PIECE)
      const status = last && left === 1 ? RunStepStatus.COMPLETED : RunStepStatus.RUNNING
      this.#push(block, status, { type: block.type, offset: block.sent, text })
      block.sent += text.length
    }
  }

  #endText(block: Block, text: string): void {
    const whole = this.#sink.clean(text.length > MAX_TEXT ? clip(text, MAX_TEXT) : text)
    // Pieces of a secret are not seen as one until the text is whole; a message may also come without any pieces.
    if (!whole.startsWith(block.text.slice(0, block.sent))) block.sent = 0
    block.text = whole
    block.rest = ''
    if (block.segment) block.segment.text = whole
    this.#flush(block, true)
    this.#texts.delete(block.messageId)
  }

  #endThought(): void {
    if (!this.#thought) return
    this.#flush(this.#thought, true)
    this.#thought = undefined
  }

  #startTool({ toolId, name, kind, title, input }: EventOf<'tool.start'>): void {
    this.#flushAll()
    this.#segments.push({ type: 'tool', name, kind })
    const tool: Tool = { ...this.#step(), name, kind, title, ...(input === undefined ? {} : { input }) }
    this.#tools.set(toolId, tool)
    this.#push(tool, RunStepStatus.RUNNING, this.#toolDetail(tool))
  }

  /** Output waits for the end; what the tool is about to do is shown as soon as it is known. */
  #updateTool({ toolId, title, input }: EventOf<'tool.update'>): void {
    const tool = this.#tools.get(toolId)
    if (!tool || (title === undefined && input === undefined)) return
    if (title !== undefined) tool.title = title
    if (input !== undefined) tool.input = input
    this.#push(tool, RunStepStatus.RUNNING, this.#toolDetail(tool))
  }

  #endTool({ toolId, status, output, diff }: EventOf<'tool.end'>): void {
    const tool = this.#tools.get(toolId)
    if (!tool) return
    this.#tools.delete(toolId)
    const { clean } = this.#sink
    let room = MAX_DIFF
    const diffs = (diff ?? []).map(({ path, diff: text }) => {
      const cut = clip(clean(text), room)
      room = Math.max(0, room - cut.length)
      return { path: clean(path), diff: cut }
    })
    this.#push(tool, STATUS[status], {
      ...this.#toolDetail(tool),
      output: clip(clean(output), MAX_OUTPUT),
      ...(diffs.length > 0 ? { diff: diffs } : {}),
      outcome: status,
    })
  }

  #toolDetail({ name, kind, title, input }: Tool): DetailOf<'tool'> {
    return { type: 'tool', name, kind, title: clip(this.#sink.clean(title), 2000), ...this.#input(input) }
  }

  #input(input: unknown): { input?: unknown } {
    if (input === undefined) return {}
    const json = this.#sink.clean(JSON.stringify(input) ?? 'null')
    // Cut JSON is no JSON any more, nor is one out of which a secret with braces was taken; it is shown as the text it is.
    const clean = json.length > MAX_INPUT ? undefined : parseJson(json)
    return { input: clean === undefined ? clip(json, MAX_INPUT) : clean }
  }

  #push({ stepId, sequence, startedAt }: Step, status: RunStepStatus, detail: StepDetail): void {
    const completedAt = status === RunStepStatus.RUNNING ? 0 : seconds()
    this.#sink.push({
      stepId,
      sequence,
      startedAt,
      completedAt,
      status,
      kind: kindOf(detail),
      summary: 'title' in detail ? detail.title : '',
      detail,
    })
  }
}

const STATUS: Record<ToolStatus, RunStepStatus> = {
  completed: RunStepStatus.COMPLETED,
  failed: RunStepStatus.FAILED,
  denied: RunStepStatus.SKIPPED,
  interrupted: RunStepStatus.SKIPPED,
}

function kindOf(detail: StepDetail): RunStepKind {
  switch (detail.type) {
    case 'tool':
      return detail.kind === 'execute' ? RunStepKind.COMMAND : RunStepKind.TOOL
    case 'approval':
      return RunStepKind.CUSTOM
    case 'usage':
    case 'cache':
      return RunStepKind.CONTEXT
    default:
      return RunStepKind.PROGRESS
  }
}

const newStepId = () => `step_${Bun.randomUUIDv7().replaceAll('-', '')}`
const seconds = () => Math.floor(Date.now() / 1000)
