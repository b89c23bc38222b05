import { Calls } from '../calls'
import { Child, within } from '../child'
import type { Session } from '../driver'
import type { Decision, EventOf, PlanEntry, StartOptions } from '../events'
import { type ProcessEnd, failureFromExit, RuntimeFailure } from '../failure'
import { on } from '../handler'
import { parseJson } from '../json'
import { LaunchPrompt } from '../prompt'
import { Turns } from '../turns'
import { diffOf, endOf, plainCommand, startOf } from './items'
import {
  type ApprovalMethod,
  Initialized,
  knownItem,
  Message,
  NOTIFICATIONS,
  REQUESTS,
  ThreadOpened,
  type Tokens,
  TurnOpened,
} from './messages'
import { failureOfTurn, statusOf, usageSince } from './outcome'
import { PROVIDER, providerSettings } from './provider'

export interface CodexConfig {
  /** The program, and arguments to put before the driver's own. */
  argv: string[]
  startTimeoutMs: number
  /** What a command may touch once it is allowed. Default: write in the workspace, and the network. */
  sandbox?: 'read-only' | 'workspace-write' | 'danger-full-access'
  /** Environment names that its shell commands do not get: the keys Codex itself logs in with. */
  hiddenEnv: readonly string[]
}

const CALL_MS = 15_000

interface Ask {
  id: string | number
  method: ApprovalMethod
}

/** Codex: one long-lived `codex app-server`, JSON-RPC lines without the "jsonrpc" field. */
export class CodexSession implements Session {
  sessionId: string | null = null
  readonly #config: CodexConfig
  readonly #options: StartOptions
  readonly #turns: Turns<Ask>
  readonly #calls = new Calls<string | number>()
  readonly #diffs = new Map<string, EventOf<'permission'>['diff']>()
  /** Text of messages that have not been completed: a message sent in between cuts them off. */
  readonly #partial = new Map<string, string>()
  #child: Child | undefined
  #nextId = 0
  /** `turn/start` was sent and not yet answered. */
  #opening: Promise<unknown> | undefined
  readonly #prompt: LaunchPrompt
  /** The last turn that ended: its end may arrive before the answer to the request that started it. */
  #ended = ''
  #total: Tokens | undefined
  #resetsAt: number | undefined
  #stopping = false

  constructor(config: CodexConfig, options: StartOptions) {
    this.#config = config
    this.#options = options
    this.#turns = new Turns(options.onEvent)
    this.#prompt = new LaunchPrompt(options)
  }

  get busy(): boolean {
    return this.#turns.busy || this.#opening !== undefined
  }

  async open(): Promise<void> {
    const { cwd, env, mark, cell, mcp, prompt, resume, model } = this.#options
    const provider = providerSettings(env)
    this.#child = new Child({
      argv: [...this.#config.argv, 'app-server', ...this.#settings(provider)],
      cwd,
      // By name, so that the token is not in argv.
      env: { ...env, ...Object.fromEntries(mcp.map(({ token }, index) => [tokenName(index), token])) },
      mark,
      cell,
      onLine: (line) => this.#line(line),
      onStderr: (line) => this.#turns.stderr(line),
      onExit: (end) => this.#exit(end),
    })
    const ms = this.#config.startTimeoutMs
    const clientInfo = { name: 'nekode', title: 'Nekode', version: '1' }
    const capabilities = { experimentalApi: true, requestAttestation: false }
    const hello = Initialized.parse(await this.#call('initialize', { clientInfo, capabilities }, ms))
    this.#write({ method: 'initialized' })
    const thread = {
      cwd,
      // Everything but known-safe reads is asked for; who may do what is decided by the supervisor.
      approvalPolicy: 'untrusted',
      // Never let a second model approve in the owner's place.
      approvalsReviewer: 'user',
      // In a sandbox of ours its own cannot always be made once more, and says so in place of a command's output.
      sandbox: this.#config.sandbox ?? (cell?.isSandboxed ? 'danger-full-access' : 'workspace-write'),
      developerInstructions: prompt,
      ...(model ? { model } : {}),
      // A thread that was begun with another provider would go on with that one.
      ...(provider.length > 0 ? { modelProvider: PROVIDER } : {}),
    }
    const opened = ThreadOpened.parse(
      resume
        ? await this.#call('thread/resume', { threadId: resume, excludeTurns: true, ...thread }, ms)
        : await this.#call('thread/start', thread, ms),
    )
    this.sessionId = opened.thread.id
    // A resumed thread keeps its first instructions: a changed prompt has to be said in a turn.
    if (!resume) this.#prompt.markSaid(opened.thread.id)
    const version = /\/([\d.]+)/.exec(hello.userAgent)?.[1]
    this.#turns.emit({
      type: 'ready',
      sessionId: opened.thread.id,
      ...(opened.model ? { model: opened.model } : {}),
      ...(version ? { version } : {}),
    })
  }

  /** `-c key=value` arguments. Values are TOML, of which JSON strings, booleans and arrays of strings are a part. */
  #settings(provider: [string, unknown][]): string[] {
    const hidden = [...this.#config.hiddenEnv, 'NEKODE_MCP_TOKEN_*']
    const settings: [string, unknown][] = [
      ...provider,
      ['shell_environment_policy.exclude', hidden],
      ['sandbox_workspace_write.network_access', true],
      ...this.#options.mcp.flatMap(({ name, url }, index): [string, unknown][] => [
        [`mcp_servers.${name}.url`, url],
        [`mcp_servers.${name}.bearer_token_env_var`, tokenName(index)],
        // These tools are the daemon's own, which checks every call itself.
        [`mcp_servers.${name}.default_tools_approval_mode`, 'approve'],
      ]),
    ]
    return settings.flatMap(([key, value]) => ['-c', `${key}=${JSON.stringify(value)}`])
  }

  async send(text: string): Promise<'started' | 'steered'> {
    const joins = this.busy
    const threadId = this.sessionId ?? ''
    const input = [{ type: 'text', text: this.#prompt.before(text, threadId), text_elements: [] }]
    // During a turn this joins it (the same turn id comes back), so a turn that ends just now is no race.
    const opening = this.#call('turn/start', { threadId, input }, CALL_MS)
    this.#opening = opening
    try {
      const { turn } = TurnOpened.parse(await opening)
      if (!joins && !this.#turns.busy && this.#ended !== turn.id) this.#turns.begin(turn.id)
    } finally {
      this.#opening = undefined
    }
    return joins ? 'steered' : 'started'
  }

  async interrupt(): Promise<void> {
    // Without its answer the turn has no id yet.
    if (this.#opening) await within(this.#opening, CALL_MS)
    const threadId = this.sessionId
    await this.#call('turn/interrupt', { threadId, turnId: this.#turns.turnId }, CALL_MS)
    // turn/interrupt leaves a running command alive; this ends it.
    await this.#call('thread/backgroundTerminals/clean', { threadId }, CALL_MS)
  }

  answer(requestId: string, decision: Decision): void {
    const ask = this.#turns.take(requestId)
    if (!ask) return
    const remember = decision.allow && decision.remember
    const result =
      ask.method === 'mcpServer/elicitation/request'
        ? {
            action: decision.allow ? 'accept' : 'decline',
            content: decision.allow ? {} : null,
            _meta: remember ? { persist: 'session' } : null,
          }
        : { decision: decision.allow ? (remember ? 'acceptForSession' : 'accept') : 'decline' }
    this.#write({ id: ask.id, result })
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

  #call(method: string, params: unknown, ms: number): Promise<unknown> {
    const id = ++this.#nextId
    return this.#calls.call(id, method, ms, () => this.#write({ id, method, params }))
  }

  #exit(end: ProcessEnd): void {
    const words = this.#child?.lastWords ?? ''
    const { reason, message } = failureFromExit(end, 'Codex', words)
    this.#calls.failAll(new RuntimeFailure(reason, message))
    this.#turns.exit(end, 'Codex', this.#stopping, words)
  }

  #line(line: string): false | void {
    this.#options.onRaw?.('in', line)
    const message = Message.safeParse(parseJson(line)).data
    if (!message || (message.id === undefined && !message.method)) return this.#turns.garbage(line)
    const { id, method, params } = message
    if (method === undefined) {
      if (id === undefined) return
      if (message.error) this.#calls.fail(id, new Error(message.error.message))
      else this.#calls.answer(id, message.result)
      return
    }
    if (id !== undefined) return this.#request(id, method, params)
    const handle = this.#handlers[method]
    if (handle && !handle(params)) return this.#turns.garbage(line)
  }

  readonly #handlers: Record<string, (params: unknown) => boolean> = {
    'turn/started': on(NOTIFICATIONS['turn/started'], ({ turn }) => {
      if (!this.#turns.busy || this.#turns.turnId !== turn.id) this.#turns.begin(turn.id)
    }),
    'turn/completed': on(NOTIFICATIONS['turn/completed'], ({ turn }) => {
      this.#ended = turn.id
      this.#flush()
      this.#diffs.clear()
      if (turn.status === 'completed' || turn.status === 'interrupted') this.#turns.end(turn.status)
      else {
        const failure = failureOfTurn(turn.error, this.#resetsAt)
        this.#turns.end(failure.reason === 'model_refused' ? 'refused' : 'failed', failure)
      }
    }),
    'turn/plan/updated': on(NOTIFICATIONS['turn/plan/updated'], ({ plan }) => {
      const entries = plan.map(({ step, status }) => ({ text: step, status: planStatus(status) }))
      this.#turns.emit({ type: 'plan', turnId: this.#turns.turnId, entries })
    }),
    'item/started': on(NOTIFICATIONS['item/started'], ({ item }) => this.#started(item)),
    'item/completed': on(NOTIFICATIONS['item/completed'], ({ item }) => this.#completed(item)),
    'item/agentMessage/delta': on(NOTIFICATIONS['item/agentMessage/delta'], ({ itemId, delta }) => {
      this.#partial.set(itemId, (this.#partial.get(itemId) ?? '') + delta)
      this.#turns.delta(itemId, delta)
    }),
    'item/reasoning/summaryTextDelta': on(NOTIFICATIONS['item/reasoning/summaryTextDelta'], ({ delta }) =>
      this.#turns.thought(delta),
    ),
    'item/reasoning/textDelta': on(NOTIFICATIONS['item/reasoning/textDelta'], ({ delta }) =>
      this.#turns.thought(delta),
    ),
    'item/commandExecution/outputDelta': on(NOTIFICATIONS['item/commandExecution/outputDelta'], ({ itemId, delta }) =>
      this.#turns.toolUpdate({ toolId: itemId, output: delta }),
    ),
    'thread/tokenUsage/updated': on(NOTIFICATIONS['thread/tokenUsage/updated'], ({ turnId, tokenUsage }) => {
      const before = this.#total
      this.#total = tokenUsage.total
      // A resume replays the figures of the old turn.
      if (!this.#turns.busy || turnId !== this.#turns.turnId) return
      const usage = usageSince(before, tokenUsage)
      // After an interruption the last figures are sent again.
      if (before?.totalTokens === tokenUsage.total.totalTokens) return
      const context = { used: tokenUsage.last.totalTokens, size: tokenUsage.modelContextWindow ?? 0 }
      this.#turns.emit({ type: 'usage', turnId, usage, ...(context.size > 0 ? { context } : {}) })
    }),
    'account/rateLimits/updated': on(NOTIFICATIONS['account/rateLimits/updated'], ({ rateLimits }) => {
      const seconds = rateLimits.primary?.resetsAt ?? rateLimits.secondary?.resetsAt
      if (seconds) this.#resetsAt = seconds * 1000
    }),
    'serverRequest/resolved': on(NOTIFICATIONS['serverRequest/resolved'], ({ requestId }) =>
      this.#turns.withdraw(String(requestId)),
    ),
    error: on(NOTIFICATIONS.error, ({ willRetry, error }) => {
      if (!willRetry) return
      const attempt = Number(/(\d+)\/\d+/.exec(error.message)?.[1] ?? 0)
      const message = error.additionalDetails ?? error.message
      this.#turns.emit({ type: 'retry', turnId: this.#turns.turnId, attempt, status: statusOf(error), message })
    }),
  }

  #started(value: unknown): void {
    const item = knownItem(value)
    if (!item) return
    if (item.type === 'agentMessage') return this.#flush()
    this.#turns.toolStart(startOf(item))
    this.#diffs.set(item.id, diffOf(item))
  }

  #completed(value: unknown): void {
    const item = knownItem(value)
    if (!item) return
    if (item.type === 'agentMessage') {
      this.#partial.delete(item.id)
      return this.#turns.message(item.id, item.text)
    }
    const { status, output, diff } = endOf(item)
    this.#turns.toolEnd(item.id, status, output || undefined, diff)
  }

  /** A message that was cut off is a message all the same: its deltas were shown. */
  #flush(): void {
    for (const [id, text] of this.#partial) this.#turns.message(id, text)
    this.#partial.clear()
  }

  #request(id: string | number, method: string, params: unknown): void {
    const ask = this.#permission(String(id), method, params)
    if (ask) this.#turns.ask(ask.event, { id, method: ask.method })
    else this.#write({ id, error: { code: -32601, message: `not supported: ${method}` } })
  }

  #permission(
    requestId: string,
    method: string,
    params: unknown,
  ): { method: ApprovalMethod; event: Omit<EventOf<'permission'>, 'type' | 'turnId'> } | undefined {
    if (method === 'item/commandExecution/requestApproval') {
      const asked = REQUESTS[method].safeParse(params).data
      if (!asked) return undefined
      const { itemId: toolId, command, cwd, reason } = asked
      const shown = command ? plainCommand(command) : 'a command'
      const title = reason ? `${shown} (${reason})` : shown
      const input = { command: shown, cwd }
      return { method, event: { requestId, toolId, name: 'shell', kind: 'execute', title, input, canRemember: true } }
    }
    if (method === 'item/fileChange/requestApproval') {
      const asked = REQUESTS[method].safeParse(params).data
      if (!asked) return undefined
      const { itemId: toolId, reason } = asked
      const diff = this.#diffs.get(toolId) ?? []
      const paths = diff.map(({ path }) => path)
      const title = reason ?? paths.join(', ')
      const event = { requestId, toolId, name: 'apply_patch', title, input: { paths }, diff, canRemember: false }
      return { method, event: { ...event, kind: 'edit' } }
    }
    if (method !== 'mcpServer/elicitation/request') return undefined
    const asked = REQUESTS[method].safeParse(params).data
    // A form or a web page that an MCP server wants filled in: nobody is there to do it.
    if (!asked) return undefined
    const { serverName, message, _meta: meta } = asked
    const name = `mcp__${serverName}__${meta.tool_name ?? ''}`
    const event = { requestId, name, title: message ?? name, input: meta.tool_params ?? {}, canRemember: true }
    return { method, event: { ...event, kind: 'mcp' } }
  }
}

const tokenName = (index: number) => `NEKODE_MCP_TOKEN_${index}`

function planStatus(status: string): PlanEntry['status'] {
  if (status === 'inProgress') return 'in_progress'
  return status === 'completed' ? 'completed' : 'pending'
}
