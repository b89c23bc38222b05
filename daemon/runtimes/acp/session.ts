import * as acp from '@agentclientprotocol/sdk'
import { errorText } from '@shared/errors'
import type { Session } from '../driver'
import type { Decision, McpEndpoint, StartOptions, TokenUsage, TurnEnd } from '../events'
import { type Failure, failureFrom, failureFromExit, type ProcessEnd, RuntimeFailure } from '../failure'
import { LaunchPrompt } from '../prompt'
import { Turns } from '../turns'
import { type Connection, connect } from './connection'
import { diffsOf, NO_USAGE, outputText, planOf, subtract, toolKind, usageOf } from './content'

export interface AcpConfig {
  /** The whole command line, e.g. `opencode acp`. */
  argv: string[]
  /** How the agent is named in messages. */
  label: string
  startTimeoutMs: number
  /** Authentication method to call when a session needs one, e.g. "gemini-api-key". */
  authMethod?: string
  /** Session mode to choose after the start. */
  mode?: string
  /** Argument that takes the model, for agents that do not offer it as a session option. */
  modelFlag?: string
  /** What the usage in the answer to a prompt counts: this turn (default), or everything since the process started. */
  usage?: 'turn' | 'process'
  /** Command line of a stdio MCP server that forwards to `NEKODE_MCP_URL`, for agents without MCP over HTTP. */
  mcpBridge?: string[]
}

const ENDS: Record<acp.StopReason, TurnEnd> = {
  end_turn: 'completed',
  cancelled: 'interrupted',
  refusal: 'refused',
  max_tokens: 'limit',
  max_turn_requests: 'limit',
}
const AUTH_REQUIRED = -32000
const METHOD_NOT_FOUND = -32601
/** A replay of the history is over when nothing came for this long. */
const QUIET_MS = 250

interface Ask {
  options: acp.PermissionOption[]
  reply(response: acp.RequestPermissionResponse): void
}

interface Tool {
  name: string
  title: string
  output: string
}

/** Any agent that speaks the Agent Client Protocol (version 1) over standard streams. */
export class AcpSession implements Session {
  sessionId: string | null = null
  readonly #config: AcpConfig
  readonly #options: StartOptions
  readonly #turns: Turns<Ask>
  readonly #prompt: LaunchPrompt
  readonly #tools = new Map<string, Tool>()
  readonly #queue: string[] = []
  #connection: Connection | undefined
  #ended: ProcessEnd | undefined
  #messageNumber = 0
  #openText = ''
  #replayed = 0
  #costUsd = 0
  #totalUsage: TokenUsage = NO_USAGE
  #stopping = false

  constructor(config: AcpConfig, options: StartOptions) {
    this.#config = config
    this.#options = options
    this.#turns = new Turns(options.onEvent)
    this.#prompt = new LaunchPrompt(options)
  }

  get busy(): boolean {
    return this.#turns.busy
  }

  async open(): Promise<void> {
    const { argv, modelFlag, authMethod, mode } = this.#config
    const { model, resume } = this.#options
    const connection = connect([...argv, ...(model && modelFlag ? [modelFlag, model] : [])], this.#options, {
      permission: (request) => this.#permission(request),
      update: (update) => this.#update(update),
      garbage: (line) => this.#turns.garbage(line),
      stderr: (line) => this.#turns.stderr(line),
      exit: (end) => this.#exit(end),
    })
    this.#connection = connection
    const { agent } = connection
    // No file system or terminal capability: the agent works on its own files, the daemon is not an editor.
    const hello = await this.#deadline(
      agent.request(acp.methods.agent.initialize, {
        protocolVersion: acp.PROTOCOL_VERSION,
        clientInfo: { name: 'nekode', version: '1' },
        clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
      }),
      'initialize',
    ).catch((error: unknown) => {
      throw this.#notSpoken(error)
    })
    const open = () => this.#deadline(this.#openSession(hello), resume ? 'resume the session' : 'start a session')
    try {
      await open()
    } catch (error) {
      if (!needsLogin(error)) throw error
      if (!authMethod) throw this.#loginRequired(hello)
      await this.#deadline(agent.request(acp.methods.agent.authenticate, { methodId: authMethod }), 'authenticate')
      await open()
    }
    if (mode)
      await this.#deadline(
        agent.request(acp.methods.agent.session.setMode, { sessionId: this.#id(), modeId: mode }),
        'set the session mode',
      )
    const version = hello.agentInfo?.version
    this.#turns.emit({
      type: 'ready',
      sessionId: this.#id(),
      ...(version ? { version } : {}),
      ...(model ? { model } : {}),
    })
  }

  async #openSession(hello: acp.InitializeResponse): Promise<void> {
    const { cwd, resume } = this.#options
    const agent = this.#agent()
    const can = hello.agentCapabilities
    const overHttp = can?.mcpCapabilities?.http ?? false
    const mcpServers = this.#options.mcp.flatMap((endpoint) => this.#mcpServer(endpoint, overHttp))
    if (!resume) {
      const opened = await agent.request(acp.methods.agent.session.new, { cwd, mcpServers })
      this.sessionId = opened.sessionId
      await this.#chooseModel(opened.configOptions)
      return
    }
    this.sessionId = resume
    const base: acp.LoadSessionRequest = { cwd, mcpServers, sessionId: resume }
    try {
      if (can?.sessionCapabilities?.resume) {
        const opened = await agent.request(acp.methods.agent.session.resume, base)
        return await this.#chooseModel(opened.configOptions)
      }
      if (!can?.loadSession) throw new Error('it cannot resume sessions')
      const opened = await agent.request(acp.methods.agent.session.load, base)
      // Loading replays the whole history as updates; gemini answers first and replays afterwards.
      for (let seen = -1; seen !== this.#replayed; await Bun.sleep(QUIET_MS)) seen = this.#replayed
      await this.#chooseModel(opened.configOptions)
    } catch (error) {
      if (needsLogin(error)) throw error
      const why = `${this.#config.label} could not resume the session: ${errorText(error)}`
      throw new RuntimeFailure('session_lost', why, { cause: error })
    }
  }

  #mcpServer({ name, url, token }: McpEndpoint, overHttp: boolean): acp.McpServer[] {
    if (overHttp) return [{ type: 'http', name, url, headers: [{ name: 'Authorization', value: `Bearer ${token}` }] }]
    const [command, ...args] = this.#config.mcpBridge ?? []
    if (!command) {
      const message = `${this.#config.label} cannot use MCP servers over HTTP: the agent works without the tools of "${name}".`
      this.#turns.emit({ type: 'error', message, reason: 'internal', fatal: false })
      return []
    }
    const env = [
      { name: 'NEKODE_MCP_URL', value: url },
      { name: 'NEKODE_MCP_TOKEN', value: token },
    ]
    return [{ name, command, args, env }]
  }

  /** The model is a session option of category "model" where the agent offers one. */
  async #chooseModel(options: acp.SessionConfigOption[] | null | undefined): Promise<void> {
    const value = this.#options.model
    const option = options?.find(({ category, type }) => category === 'model' && type === 'select')
    if (!value || !option || option.currentValue === value) return
    const request = { sessionId: this.#id(), configId: option.id, value }
    await this.#agent().request(acp.methods.agent.session.setConfigOption, request)
  }

  send(text: string): Promise<'started' | 'queued'> {
    if (this.#turns.busy) {
      // ACP 1 has no steering: the text waits for the turn's end.
      this.#queue.push(text)
      return Promise.resolve('queued')
    }
    this.#run(text)
    return Promise.resolve('started')
  }

  #run(text: string): void {
    this.#turns.begin()
    this.#tools.clear()
    const prompt: acp.ContentBlock[] = [{ type: 'text', text: this.#prompt.before(text, this.#id()) }]
    this.#agent()
      .request(acp.methods.agent.session.prompt, { sessionId: this.#id(), prompt })
      .then(
        async (answer) => {
          // The answer can overtake the last updates by a tick.
          await Bun.sleep(0)
          this.#answered(answer)
        },
        (error: unknown) => this.#end('failed', failureOfRequest(error)),
      )
  }

  #answered(answer: acp.PromptResponse): void {
    const said = usageOf(answer)
    if (said) {
      const usage = this.#config.usage === 'process' ? subtract(said, this.#totalUsage) : said
      this.#totalUsage = said
      this.#turns.emit({ type: 'usage', turnId: this.#turns.turnId, usage })
    }
    const reason = ENDS[answer.stopReason]
    if (reason === 'refused')
      return this.#end(reason, { reason: 'model_refused', message: 'The model refused to go on.' })
    if (reason === 'limit')
      return this.#end(reason, { reason: 'turn_limit', message: `The turn reached a limit (${answer.stopReason}).` })
    this.#end(reason)
  }

  #end(reason: TurnEnd, failure?: Failure): void {
    if (!this.#turns.busy) return
    this.#flush()
    this.#turns.end(reason, failure)
    const next = this.#queue.splice(0)
    if (next.length > 0 && !this.#stopping && !this.#ended) this.#run(next.join('\n\n'))
  }

  async interrupt(): Promise<void> {
    // The protocol asks the client to answer open requests with "cancelled".
    for (const [requestId, ask] of this.#turns.openAsks()) {
      this.#turns.withdraw(requestId)
      ask.reply({ outcome: { outcome: 'cancelled' } })
    }
    await this.#agent().notify(acp.methods.agent.session.cancel, { sessionId: this.#id() })
  }

  answer(requestId: string, decision: Decision): void {
    const ask = this.#turns.take(requestId)
    if (!ask) return
    const wanted: acp.PermissionOptionKind[] = decision.allow
      ? decision.remember
        ? ['allow_always', 'allow_once']
        : ['allow_once']
      : ['reject_once', 'reject_always']
    const option = wanted.map((kind) => ask.options.find((offered) => offered.kind === kind)).find(Boolean)
    ask.reply({ outcome: option ? { outcome: 'selected', optionId: option.optionId } : { outcome: 'cancelled' } })
  }

  retire(): void {
    this.#stopping = true
  }

  async close(graceMs: number): Promise<void> {
    await this.#connection?.child.stop(graceMs)
  }

  #flush(): void {
    if (!this.#openText) return
    this.#turns.message(this.#messageId(), this.#openText)
    this.#openText = ''
    this.#messageNumber++
  }

  #messageId(): string {
    return `m${this.#messageNumber}`
  }

  #update(update: acp.SessionUpdate): void {
    this.#replayed++
    // A replay, or a late update of a turn that has ended.
    if (!this.#turns.busy) return
    switch (update.sessionUpdate) {
      case 'agent_message_chunk':
        if (update.content.type !== 'text') return
        this.#openText += update.content.text
        return this.#turns.delta(this.#messageId(), update.content.text)
      case 'agent_thought_chunk':
        if (update.content.type === 'text') this.#turns.thought(update.content.text)
        return
      case 'tool_call':
      case 'tool_call_update':
        this.#flush()
        return this.#tool(update)
      case 'plan':
        return this.#turns.emit({ type: 'plan', turnId: this.#turns.turnId, entries: planOf(update.entries) })
      case 'usage_update': {
        const total = update.cost?.amount
        const costUsd = total === undefined ? undefined : Math.max(0, total - this.#costUsd)
        this.#costUsd = total ?? this.#costUsd
        const context = { used: update.used, size: update.size }
        const cost = costUsd === undefined ? {} : { costUsd }
        return this.#turns.emit({ type: 'usage', turnId: this.#turns.turnId, usage: NO_USAGE, ...cost, context })
      }
    }
  }

  #tool(update: acp.ToolCallUpdate): void {
    const { toolCallId: toolId, status, rawInput: input } = update
    const diff = diffsOf(update.content)
    const output = outputText(update)
    const known = this.#tools.get(toolId)
    const tool = known ?? { name: update.name ?? update.title ?? 'tool', title: update.title ?? '', output: '' }
    this.#tools.set(toolId, tool)
    const ends = status === 'completed' || status === 'failed'
    if (!known) {
      const servers = this.#options.mcp.map(({ name }) => name)
      const kind = toolKind(update.kind, tool.name, servers)
      this.#turns.toolStart({
        toolId,
        name: tool.name,
        kind,
        title: tool.title,
        ...(input === undefined ? {} : { input }),
      })
    } else if (!ends) {
      const added = output.startsWith(tool.output) ? output.slice(tool.output.length) : output
      this.#turns.toolUpdate({
        toolId,
        ...(update.title ? { title: update.title } : {}),
        ...(input === undefined ? {} : { input }),
        ...(added ? { output: added } : {}),
        ...(diff.length > 0 ? { diff } : {}),
      })
    }
    if (output) tool.output = output
    if (update.title) tool.title = update.title
    if (ends) this.#turns.toolEnd(toolId, status, tool.output, diff)
  }

  #permission({ toolCall, options }: acp.RequestPermissionRequest): Promise<acp.RequestPermissionResponse> {
    if (!this.#turns.busy) return Promise.resolve({ outcome: { outcome: 'cancelled' } })
    // gemini asks before it has announced the tool call.
    if (!this.#tools.has(toolCall.toolCallId)) this.#tool(toolCall)
    const tool = this.#tools.get(toolCall.toolCallId)
    const name = toolCall.name ?? tool?.name ?? 'tool'
    const diff = diffsOf(toolCall.content)
    const servers = this.#options.mcp.map((server) => server.name)
    const { promise, resolve } = Promise.withResolvers<acp.RequestPermissionResponse>()
    this.#turns.ask(
      {
        requestId: crypto.randomUUID(),
        toolId: toolCall.toolCallId,
        name,
        kind: this.#turns.toolKind(toolCall.toolCallId) ?? toolKind(toolCall.kind, name, servers),
        title: toolCall.title ?? tool?.title ?? name,
        input: toolCall.rawInput ?? null,
        ...(diff.length > 0 ? { diff } : {}),
        canRemember: options.some(({ kind }) => kind === 'allow_always'),
      },
      { options, reply: resolve },
    )
    return promise
  }

  #exit(end: ProcessEnd): void {
    this.#ended = end
    this.#flush()
    this.#turns.exit(end, this.#config.label, this.#stopping, this.#connection?.child.lastWords ?? '')
  }

  /** The work, unless the agent exits first or `startTimeoutMs` passes. */
  async #deadline<T>(work: Promise<T>, what: string): Promise<T> {
    const { label, startTimeoutMs: ms } = this.#config
    const { promise: failed, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      reject(new RuntimeFailure('timeout', `${label} gave no answer to ${what} within ${ms / 1000} s.`))
    }, ms)
    const child = this.#connection?.child
    void child?.exited.then((end) => {
      const { reason, message } = failureFromExit(end, label, child.lastWords)
      reject(new RuntimeFailure(reason, message))
    })
    try {
      return await Promise.race([work, failed])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Who does not know the first request of the protocol does not speak it; so does a program that repeats what it reads. */
  #notSpoken(error: unknown): unknown {
    if (!(error instanceof acp.RequestError) || error.code !== METHOD_NOT_FOUND) return error
    const message = `${this.#config.label} does not speak the Agent Client Protocol.`
    return new RuntimeFailure('invalid_output', message, { cause: error })
  }

  #loginRequired(hello: acp.InitializeResponse): RuntimeFailure {
    const ways = (hello.authMethods ?? []).map(({ name }) => name).join(', ')
    const how = ways ? ` It offers: ${ways}.` : ''
    return new RuntimeFailure('runtime_login_required', `${this.#config.label} is not logged in.${how}`)
  }

  #agent(): Connection['agent'] {
    if (!this.#connection) throw new RuntimeFailure('internal', 'The agent has not been started.')
    return this.#connection.agent
  }

  #id(): string {
    if (!this.sessionId) throw new RuntimeFailure('internal', 'The agent has no session.')
    return this.sessionId
  }
}

const needsLogin = (error: unknown) => error instanceof acp.RequestError && error.code === AUTH_REQUIRED

function failureOfRequest(error: unknown): Failure {
  const data = error instanceof acp.RequestError && error.data ? ` ${JSON.stringify(error.data)}` : ''
  return failureFrom({ message: `${errorText(error)}${data}` })
}
