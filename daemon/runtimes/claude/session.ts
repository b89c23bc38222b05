import { Calls } from '../calls'
import { Child } from '../child'
import type { Session } from '../driver'
import type { Decision, StartOptions, ToolStatus } from '../events'
import { type ProcessEnd, failureFromExit, RuntimeFailure } from '../failure'
import { on } from '../handler'
import { parseJson } from '../json'
import { writeMcpConfig, writeState } from '../state'
import { Turns } from '../turns'
import { CanUseTool, contentBlocks, Initialized, type LineOf, LINES, streamEvents, toolResults } from './lines'
import { outcome, usageOf } from './outcome'
import { Plan } from './plan'
import { madeDiff, OFF_LIMITS, proposedDiff, resultText, toolKind, toolTitle } from './tools'

export interface ClaudeConfig {
  /** The program, and arguments to put before the driver's own. */
  argv: string[]
  startTimeoutMs: number
}

const CONTROL_MS = 10_000

/** Claude Code: one long-lived `claude -p` process, stream-json both ways. */
export class ClaudeSession implements Session {
  sessionId: string
  readonly #config: ClaudeConfig
  readonly #options: StartOptions
  readonly #turns: Turns<CanUseTool>
  readonly #calls = new Calls<string>()
  readonly #tools = new Map<string, { name: string; input: unknown }>()
  readonly #plan = new Plan()
  #child: Child | undefined
  #message = ''
  #apiError: string | undefined
  #resetsAt: number | undefined
  #stopping = false

  constructor(config: ClaudeConfig, options: StartOptions) {
    this.#config = config
    this.#options = options
    this.#turns = new Turns(options.onEvent)
    this.sessionId = options.resume ?? crypto.randomUUID()
  }

  get busy(): boolean {
    return this.#turns.busy
  }

  async open(): Promise<void> {
    const { cwd, env, mark, cell } = this.#options
    this.#child = new Child({
      argv: [...this.#config.argv, ...this.#arguments()],
      cwd,
      env: { DISABLE_AUTOUPDATER: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', ...env },
      mark,
      cell,
      onLine: (line) => this.#line(line),
      onStderr: (line) => this.#turns.stderr(line),
      onExit: (end) => this.#exit(end),
    })
    // Nothing is printed before the first message, so the initialize handshake is the readiness check.
    const hello = await this.#control({ subtype: 'initialize', hooks: null }, this.#config.startTimeoutMs)
    const version = Initialized.safeParse(hello).data?.claude_code_version
    this.#turns.emit({ type: 'ready', sessionId: this.sessionId, ...(version ? { version } : {}) })
  }

  #arguments(): string[] {
    const { stateDir, mcp, model, prompt, resume } = this.#options
    const flags = [
      ['-p', '--verbose', '--input-format', 'stream-json', '--output-format', 'stream-json'],
      ['--include-partial-messages', '--permission-prompt-tool', 'stdio', '--permission-mode', 'manual'],
      ['--mcp-config', writeMcpConfig(stateDir, mcp), '--strict-mcp-config'],
      ['--append-system-prompt-file', writeState(stateDir, 'prompt.md', prompt)],
      // "on" would keep the first launch prompt for ever.
      ['--system-prompt-snapshot', 'off'],
      ['--disallowedTools', OFF_LIMITS.join(',')],
      mcp.length > 0 ? ['--allowedTools', mcp.map(({ name }) => `mcp__${name}`).join(',')] : [],
      model ? ['--model', model] : [],
      resume ? ['--resume', resume] : ['--session-id', this.sessionId],
    ]
    return flags.flat()
  }

  send(text: string): Promise<'started' | 'steered'> {
    const joins = this.#turns.busy
    if (!joins) this.#turns.begin()
    // Written during a turn, it is shown to the model at its next tool result, or starts a turn of its own.
    const message = { role: 'user', content: [{ type: 'text', text }] }
    this.#write({ type: 'user', uuid: crypto.randomUUID(), message })
    return Promise.resolve(joins ? 'steered' : 'started')
  }

  async interrupt(): Promise<void> {
    await this.#control({ subtype: 'interrupt' }, CONTROL_MS)
  }

  answer(requestId: string, decision: Decision): void {
    const ask = this.#turns.take(requestId)
    if (!ask) return
    const remember = decision.allow && decision.remember ? suggestions(ask) : []
    const response = decision.allow
      ? {
          behavior: 'allow',
          updatedInput: decision.input ?? ask.input,
          ...(remember.length > 0 ? { updatedPermissions: remember } : {}),
        }
      : { behavior: 'deny', message: decision.message ?? 'Denied by the owner.' }
    this.#respond(requestId, { subtype: 'success', response })
  }

  retire(): void {
    this.#stopping = true
  }

  async close(graceMs: number): Promise<void> {
    await this.#child?.stop(graceMs)
  }

  #write(value: unknown): void {
    const line = JSON.stringify(value)
    this.#options.onRaw?.('out', line)
    this.#child?.write(line)
  }

  #respond(requestId: string, response: Record<string, unknown>): void {
    this.#write({ type: 'control_response', response: { request_id: requestId, ...response } })
  }

  #control(request: { subtype: string; [key: string]: unknown }, ms: number): Promise<unknown> {
    const id = crypto.randomUUID()
    return this.#calls.call(id, request.subtype, ms, () => {
      this.#write({ type: 'control_request', request_id: id, request })
    })
  }

  #exit(end: ProcessEnd): void {
    const words = this.#child?.lastWords ?? ''
    const { reason, message } = failureFromExit(end, 'Claude Code', words)
    this.#calls.failAll(new RuntimeFailure(reason, message))
    this.#turns.exit(end, 'Claude Code', this.#stopping, words)
  }

  #line(line: string): false | void {
    this.#options.onRaw?.('in', line)
    const value = parseJson(line)
    if (!isTyped(value)) return this.#turns.garbage(line)
    const handle = this.#handlers[value.type]
    if (handle && !handle(value)) return this.#turns.garbage(line)
  }

  readonly #handlers: Record<string, (value: unknown) => boolean> = {
    control_response: on(LINES.control_response, ({ response }) => {
      if (response.subtype === 'error')
        this.#calls.fail(response.request_id, new Error(response.error ?? 'Claude Code refused the request.'))
      else this.#calls.answer(response.request_id, response.response)
    }),
    control_request: on(LINES.control_request, ({ request_id, request }) => this.#request(request_id, request)),
    control_cancel_request: on(LINES.control_cancel_request, ({ request_id }) => this.#turns.withdraw(request_id)),
    system: on(LINES.system, (line) => this.#system(line)),
    stream_event: on(LINES.stream_event, (line) => this.#stream(line)),
    assistant: on(LINES.assistant, (line) => this.#assistant(line)),
    user: on(LINES.user, (line) => this.#user(line)),
    result: on(LINES.result, (line) => this.#result(line)),
    rate_limit_event: on(LINES.rate_limit_event, ({ rate_limit_info }) => {
      if (rate_limit_info.resetsAt) this.#resetsAt = rate_limit_info.resetsAt * 1000
    }),
  }

  #request(requestId: string, request: { subtype: string }): void {
    const ask = CanUseTool.safeParse(request).data
    if (!ask) return this.#respond(requestId, { subtype: 'error', error: `unsupported: ${request.subtype}` })
    const { tool_name: name, tool_use_id: toolId, input } = ask
    const diff = proposedDiff(name, input)
    this.#turns.ask(
      {
        requestId,
        ...(toolId ? { toolId } : {}),
        name,
        kind: toolKind(name),
        title: toolTitle(name, input),
        input,
        ...(diff.length > 0 ? { diff } : {}),
        canRemember: suggestions(ask).length > 0,
      },
      ask,
    )
  }

  #system(line: LineOf<'system'>): void {
    if (line.subtype === 'init') {
      // A queued message or a background task started a turn by itself.
      if (!this.#turns.busy) this.#turns.begin()
      this.sessionId = line.session_id ?? this.sessionId
    }
    if (line.subtype === 'api_retry') {
      const { attempt = 0, error_status: status = null, error: message = 'the model call failed' } = line
      this.#turns.emit({ type: 'retry', turnId: this.#turns.turnId, attempt, status, message })
    }
  }

  #stream(line: LineOf<'stream_event'>): void {
    // A subagent's own text is not the agent's answer.
    if (line.parent_tool_use_id) return
    for (const event of streamEvents(line.event)) {
      if (event.type === 'message_start') this.#message = event.message.id
      else if (event.type === 'content_block_start') {
        const { type, id, name } = event.content_block
        if (type === 'tool_use' && id && name) this.#tool(id, name, undefined)
      } else if (event.delta.type === 'text_delta') this.#turns.delta(this.#message, event.delta.text ?? '')
      else if (event.delta.type === 'thinking_delta') this.#turns.thought(event.delta.thinking ?? '')
    }
  }

  #assistant(line: LineOf<'assistant'>): void {
    if (line.error) this.#apiError = line.error
    // An API error is worded as a message of the model; the turn's failure says it.
    if (line.is_api_error_message) return
    for (const block of contentBlocks(line.message.content)) {
      if (block.type === 'text' && !line.parent_tool_use_id) this.#turns.message(line.message.id, block.text)
      if (block.type === 'tool_use') this.#tool(block.id, block.name, block.input)
    }
  }

  #tool(toolId: string, name: string, input: unknown): void {
    const known = this.#tools.has(toolId)
    this.#tools.set(toolId, { name, input })
    const kind = toolKind(name)
    const title = toolTitle(name, input)
    if (!known) this.#turns.toolStart({ toolId, name, kind, title, ...(input === undefined ? {} : { input }) })
    else if (input !== undefined) this.#turns.toolUpdate({ toolId, title, input })
  }

  #user(line: LineOf<'user'>): void {
    for (const { tool_use_id: toolId, content, is_error } of toolResults(line.message.content)) {
      const tool = this.#tools.get(toolId)
      if (!tool) continue
      this.#tools.delete(toolId)
      const status = toolStatus(line, toolId, is_error ?? false)
      this.#turns.toolEnd(toolId, status, resultText(content), madeDiff(line.tool_use_result))
      const entries = status === 'completed' ? this.#plan.note(tool.name, tool.input, line.tool_use_result) : undefined
      if (entries) this.#turns.emit({ type: 'plan', turnId: this.#turns.turnId, entries })
    }
  }

  #result(line: LineOf<'result'>): void {
    const used = usageOf(line)
    const { turnId } = this.#turns
    if (used) this.#turns.emit({ type: 'usage', turnId, usage: used.usage, costUsd: used.costUsd })
    const { reason, failure } = outcome(line, this.#apiError, this.#resetsAt)
    this.#apiError = undefined
    this.#tools.clear()
    if (this.#turns.busy) return this.#turns.end(reason, failure)
    if (!failure) return
    // Outside a turn: it refuses to start, for one because the session to resume is unknown.
    this.#calls.failAll(new RuntimeFailure(failure.reason, failure.message))
    this.#turns.emit({ type: 'error', message: failure.message, reason: failure.reason, fatal: true })
  }
}

/**
 * What a remembered allow adds for the rest of the session. A suggestion may be much wider than the question (allow every
 * edit): the rule for this very tool is taken when there is one.
 */
function suggestions(ask: CanUseTool): Record<string, unknown>[] {
  const all = ask.permission_suggestions ?? []
  const rules = all.filter(({ type }) => type === 'addRules')
  const chosen = rules.length > 0 ? rules : all.filter(({ type }) => type === 'setMode')
  return chosen.map((suggestion) => Object.assign({}, suggestion, { destination: 'session' }))
}

function toolStatus(line: LineOf<'user'>, toolId: string, isError: boolean): ToolStatus {
  const meta = line.tool_result_meta?.find(({ id }) => id === toolId)
  if (meta?.permission_decision?.decision === 'reject') return 'denied'
  if (meta?.non_execution_kind) return 'interrupted'
  return isError ? 'failed' : 'completed'
}

const isTyped = (value: unknown): value is { type: string } =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
