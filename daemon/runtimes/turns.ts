import type { AgentEvent, Decision, EventOf, FileDiff, ToolKind, ToolStatus, TurnEnd } from './events'
import type { Failure, ProcessEnd } from './failure'
import { failureFromExit } from './failure'
import { clip } from './lines'

/** Tool output in one event; the runtime itself has seen all of it. */
const MAX_OUTPUT = 256 * 1024
const MAX_GARBAGE = 2000
/** Lines of noise (standard error, garbage) reported in one turn. */
const MAX_NOISE = 1000

export interface ToolStart {
  toolId: string
  name: string
  kind: ToolKind
  title: string
  input?: unknown
}

/**
 * What every driver keeps about its session, and the promises of the event stream in one place: a tool ends once and before
 * its turn, an open permission is withdrawn at the turn's end, a turn ends once, nothing follows `exit`.
 * `Ask` is what a driver needs to answer a permission request.
 */
export class Turns<Ask> {
  busy = false
  turnId = ''
  /** The last whole message of the turn. */
  text = ''
  readonly #asks = new Map<string, Ask>()
  readonly #tools = new Map<string, { kind: ToolKind; output: string }>()
  readonly #emit: (event: AgentEvent) => void
  #noise = 0
  #gone = false

  constructor(onEvent: (event: AgentEvent) => void) {
    this.#emit = onEvent
  }

  emit(event: AgentEvent): void {
    if (!this.#gone) this.#emit(event)
  }

  begin(turnId: string = crypto.randomUUID()): void {
    this.busy = true
    this.turnId = turnId
    this.text = ''
    this.#noise = 0
    this.emit({ type: 'turn.start', turnId })
  }

  end(reason: TurnEnd, failure?: Failure): void {
    if (!this.busy) return
    for (const [toolId, { output }] of this.#tools) this.#endTool({ toolId, status: 'interrupted', output })
    this.#tools.clear()
    for (const requestId of this.#asks.keys()) this.emit({ type: 'permission.cancel', requestId })
    this.#asks.clear()
    this.busy = false
    const { turnId, text } = this
    this.emit({ type: 'turn.end', turnId, reason, text, ...(failure ? { failure } : {}) })
  }

  delta(messageId: string, text: string): void {
    if (text) this.emit({ type: 'message.delta', turnId: this.turnId, messageId, text })
  }

  message(messageId: string, text: string): void {
    if (!text) return
    this.text = text
    this.emit({ type: 'message', turnId: this.turnId, messageId, text })
  }

  thought(text: string): void {
    if (text) this.emit({ type: 'thought.delta', turnId: this.turnId, text })
  }

  /** A tool that is known already is left alone. */
  toolStart(tool: ToolStart): void {
    if (this.#tools.has(tool.toolId)) return
    this.#tools.set(tool.toolId, { kind: tool.kind, output: '' })
    this.emit({ type: 'tool.start', turnId: this.turnId, ...tool })
  }

  /** The kind of a running tool. */
  toolKind(toolId: string): ToolKind | undefined {
    return this.#tools.get(toolId)?.kind
  }

  toolUpdate(update: Omit<EventOf<'tool.update'>, 'type' | 'turnId'>): void {
    const known = this.#tools.get(update.toolId)
    if (known === undefined) return
    if (update.output) {
      if (known.output.length > MAX_OUTPUT) return
      known.output += update.output
    }
    this.emit({ type: 'tool.update', turnId: this.turnId, ...update })
  }

  /** Without `output`: what the updates said. A tool that is not known, or has ended, is left alone. */
  toolEnd(toolId: string, status: ToolStatus, output?: string, diff?: FileDiff[]): void {
    const known = this.#tools.get(toolId)
    if (known === undefined) return
    this.#tools.delete(toolId)
    this.#endTool({ toolId, status, output: output ?? known.output, ...(diff?.length ? { diff } : {}) })
  }

  #endTool(end: { toolId: string; status: ToolStatus; output: string; diff?: FileDiff[] }): void {
    this.emit({ type: 'tool.end', turnId: this.turnId, ...end, output: clip(end.output, MAX_OUTPUT) })
  }

  ask(request: Omit<EventOf<'permission'>, 'type' | 'turnId'>, ask: Ask): void {
    this.#asks.set(request.requestId, ask)
    this.emit({ type: 'permission', turnId: this.turnId, ...request })
  }

  /** Takes an open request to answer it; undefined when it is unknown or withdrawn. */
  take(requestId: string): Ask | undefined {
    const ask = this.#asks.get(requestId)
    this.#asks.delete(requestId)
    return ask
  }

  withdraw(requestId: string): void {
    if (this.#asks.delete(requestId)) this.emit({ type: 'permission.cancel', requestId })
  }

  openAsks(): [string, Ask][] {
    return [...this.#asks]
  }

  stderr(line: string): void {
    if (this.#loud()) this.emit({ type: 'stderr', line })
  }

  /** @returns false, for a child that counts such lines */
  garbage(line: string): false {
    if (this.#loud()) this.emit({ type: 'garbage', line: clip(line, MAX_GARBAGE) })
    return false
  }

  #loud(): boolean {
    this.#noise++
    if (this.#noise === MAX_NOISE) this.emit({ type: 'stderr', line: 'more lines of noise follow; they are not shown' })
    return this.#noise < MAX_NOISE
  }

  /** The process is gone: ends the turn and the event stream. */
  exit(end: ProcessEnd, name: string, expected: boolean, lastWords: string): void {
    const failure = failureFromExit(end, name, lastWords)
    if (expected) this.end('interrupted')
    else this.end('failed', failure)
    this.emit({ type: 'exit', code: end.code, signal: end.signal, expected, ...(expected ? {} : { failure }) })
    this.#gone = true
  }
}

/** Answers what still waits for a permission when a turn is interrupted: nobody will any more. */
export function refuseAsks(turns: Turns<(decision: Decision) => void>): void {
  for (const [requestId, decide] of turns.openAsks()) {
    turns.withdraw(requestId)
    decide({ allow: false, message: 'The turn was interrupted.' })
  }
}
