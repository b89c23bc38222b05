import { errorText } from '@shared/errors'
import { z } from 'zod'
import type { Session } from '../driver'
import type { Decision, StartOptions, TurnEnd } from '../events'
import { type Failure, failureOf, type FailureReason } from '../failure'
import { clip } from '../lines'
import { refuseAsks, Turns } from '../turns'
import { FULL, outputLimit, SUMMARY_PROMPT, transcript } from './compact'
import { type Endpoint, findEndpoint } from './endpoint'
import { History, type ToolCall, type ToolOutcome } from './history'
import type { CachedFetch, Model, StepResult } from './model'
import { remoteTools, type RemoteTools } from './remote'
import { shellTool } from './shell'
import { FILE_TOOLS, type PreparedCall, type Tool } from './tools'

export interface BuiltinConfig {
  /** Model calls in one turn. */
  maxSteps?: number
  /** Milliseconds before the first repetition of a failed model call; doubled for each further one. */
  retryMs?: number
  /** Calls the model by way of a cache. Default: calls it. */
  cached?: CachedFetch | undefined
}

const MAX_STEPS = 100
const RETRIES = 2
const RETRY_MS = 1000
/** An endpoint that wants a longer pause than this is a failure that names the time. */
const MAX_WAIT_MS = 20_000

const ENDS: Partial<Record<FailureReason, TurnEnd>> = { model_refused: 'refused', turn_limit: 'limit' }

const INSTRUCTIONS = [
  'You are an agent that works in a folder of this computer, the workspace, with the tools you are given.',
  'Look before you change something, make the changes yourself instead of describing them, and check that they work.',
  'A tool call may be refused by the owner: then do without it, or say what you need. Answer briefly.',
].join('\n')

/** The built-in agent: a loop of model calls and tool calls, for people who have an endpoint but no agent program. */
export class BuiltinSession implements Session {
  readonly sessionId: string
  readonly #config: BuiltinConfig
  readonly #options: StartOptions
  readonly #turns: Turns<(decision: Decision) => void>
  readonly #queue: string[] = []
  /** Tools, or commands, that were allowed for the rest of the session. */
  readonly #allowed = new Set<string>()
  #history: History | undefined
  #endpoint: Endpoint | undefined
  #model: Model | undefined
  #remote: RemoteTools | undefined
  #tools: Tool[] = []
  #abort = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #used = 0
  #closing = false

  constructor(config: BuiltinConfig, options: StartOptions) {
    this.#config = config
    this.#options = options
    this.#turns = new Turns(options.onEvent)
    this.sessionId = options.resume ?? crypto.randomUUID()
  }

  get busy(): boolean {
    return this.#turns.busy
  }

  async open(): Promise<void> {
    const { env, mark, cell, mcp, model, resume, stateDir } = this.#options
    this.#history = resume ? History.resume(stateDir, resume) : History.create(stateDir, this.sessionId)
    this.#history.touch()
    this.#endpoint = await findEndpoint(env, model)
    this.#remote = await remoteTools(mcp)
    this.#tools = [...FILE_TOOLS, shellTool(env, mark, cell), ...this.#remote.tools]
    // The model library is big: a daemon without this runtime does not load it.
    const { Model } = await import('./model')
    this.#model = new Model(this.#endpoint, this.#config.cached)
    const tools = this.#tools.map(({ name }) => name)
    this.#turns.emit({ type: 'ready', sessionId: this.sessionId, model: this.#endpoint.model, tools })
  }

  send(text: string): Promise<'started' | 'steered'> {
    this.#queue.push(text)
    // A running turn takes it in before its next model call.
    if (this.#turns.busy) return Promise.resolve('steered')
    this.#start()
    return Promise.resolve('started')
  }

  async interrupt(): Promise<void> {
    this.#abort.abort()
    refuseAsks(this.#turns)
    await this.#running
  }

  answer(requestId: string, decision: Decision): void {
    this.#turns.take(requestId)?.(decision)
  }

  retire(): void {
    this.#closing = true
  }

  async close(): Promise<void> {
    if (this.#turns.busy) await this.interrupt()
    await this.#remote?.close()
    this.#turns.exit({ code: 0, signal: null }, 'The built-in agent', true, '')
  }

  #start(): void {
    this.#abort = new AbortController()
    this.#turns.begin()
    this.#running = this.#turn()
  }

  async #turn(): Promise<void> {
    try {
      const failure = await this.#steps()
      if (!failure) this.#turns.end('completed')
      else this.#turns.end(ENDS[failure.reason] ?? 'failed', failure)
    } catch (error) {
      if (this.#abort.signal.aborted) this.#turns.end('interrupted')
      else this.#turns.end('failed', failureOf(error))
    }
    // A message that came too late for this turn is the next one.
    if (this.#queue.length > 0 && !this.#closing) this.#start()
  }

  /** @returns why the turn ended without an answer, if so */
  async #steps(): Promise<Failure | undefined> {
    const history = this.#opened(this.#history)
    const most = this.#config.maxSteps ?? MAX_STEPS
    for (let step = 0; step < most; step++) {
      for (const text of this.#queue.splice(0)) history.add({ role: 'user', text })
      await this.#makeRoom()
      const { text, calls, finish } = await this.#step(`${this.#turns.turnId}-${step}`)
      if (text || calls.length > 0) history.add({ role: 'assistant', text, calls })
      if (calls.length > 0) {
        const results: ToolOutcome[] = []
        for (const call of calls) results.push(await this.#call(call))
        history.add({ role: 'tools', results })
        this.#abort.signal.throwIfAborted()
        continue
      }
      if (this.#queue.length > 0) continue
      if (finish === 'refused') return { reason: 'model_refused', message: 'The model declined to answer.' }
      if (finish === 'length') return { reason: 'turn_limit', message: 'The model ran out of room for its answer.' }
      if (!text) return { reason: 'invalid_output', message: 'The model gave an empty answer.' }
      return undefined
    }
    return { reason: 'turn_limit', message: `The turn used its ${most} model calls.` }
  }

  /** One model call, repeated where that can help. */
  async #step(messageId: string): Promise<StepResult> {
    const { signal } = this.#abort
    const model = this.#opened(this.#model)
    const history = this.#opened(this.#history)
    let compacted = false
    let said = ''
    for (let attempt = 0; ; attempt++) {
      try {
        const result = await model.step({
          system: `${INSTRUCTIONS}\n\n${this.#options.prompt}`,
          messages: history.messages,
          tools: this.#tools,
          signal,
          onText: (text) => {
            said += text
            this.#turns.delta(messageId, text)
          },
          onThought: (text) => this.#turns.thought(text),
        })
        this.#turns.message(messageId, result.text)
        this.#count(result)
        return result
      } catch (error) {
        // What was said before the interruption is part of the conversation.
        if (signal.aborted && said) history.add({ role: 'assistant', text: `${said} (interrupted)`, calls: [] })
        if (signal.aborted) throw error
        if (failureOf(error).reason === 'context_overflow' && !compacted) {
          compacted = true
          await this.#compact()
        } else await this.#pause(error, attempt)
      }
    }
  }

  /** Waits before the next attempt, or throws the error when there is none. */
  async #pause(error: unknown, attempt: number): Promise<void> {
    const { ModelError } = await import('./model')
    if (!(error instanceof ModelError) || !error.retryable || attempt >= RETRIES) throw error
    const wait = error.waitMs ?? (this.#config.retryMs ?? RETRY_MS) * 2 ** attempt
    if (wait > MAX_WAIT_MS) throw error
    const { turnId } = this.#turns
    this.#turns.emit({ type: 'retry', turnId, attempt: attempt + 1, status: error.status, message: error.message })
    await pause(wait, this.#abort.signal)
  }

  #count({ usage, saved }: Pick<StepResult, 'usage' | 'saved'>): void {
    const { turnId } = this.#turns
    const read = saved?.usage ?? usage
    this.#used = read.input + read.cacheRead + read.cacheWrite + read.output
    const context = { used: this.#used, size: this.#opened(this.#endpoint).contextTokens }
    if (saved) {
      const cost = saved.costUsd === undefined ? {} : { costUsd: saved.costUsd }
      this.#turns.emit({ type: 'cache', turnId, model: saved.model, usage: saved.usage, ...cost })
    }
    this.#turns.emit({ type: 'usage', turnId, usage, context })
  }

  async #makeRoom(): Promise<void> {
    if (this.#used > this.#opened(this.#endpoint).contextTokens * FULL) await this.#compact()
  }

  /** Puts a summary in the place of the conversation. The newest request stays word for word. */
  async #compact(): Promise<void> {
    const history = this.#opened(this.#history)
    const { contextTokens } = this.#opened(this.#endpoint)
    const newest = history.messages.findLast(({ role }) => role === 'user')
    const text = transcript(history.messages, contextTokens)
    const result = await this.#opened(this.#model).step({
      system: SUMMARY_PROMPT,
      messages: [{ role: 'user', text }],
      tools: [],
      signal: this.#abort.signal,
      onText: () => undefined,
      onThought: () => undefined,
    })
    this.#count(result)
    history.summarise(result.text || clip(text, 4000), 0)
    if (newest) history.add(newest)
    this.#used = 0
  }

  async #call(call: ToolCall): Promise<ToolOutcome> {
    const { id, name } = call
    const tool = this.#tools.find((candidate) => candidate.name === name)
    if (!tool) {
      const known = this.#tools.map((candidate) => candidate.name).join(', ')
      return { id, name, output: `There is no tool "${name}". There are: ${known}.`, failed: true }
    }
    const prepared = this.#prepare(tool, id, call.input)
    const { kind } = tool
    const title = 'run' in prepared ? prepared.title : name
    this.#turns.toolStart({ toolId: id, name, kind, title, input: call.input })
    const outcome = (output: string, failed: boolean): ToolOutcome => {
      const limit = outputLimit(this.#opened(this.#endpoint).contextTokens)
      return { id, name, output: clip(output, limit), failed }
    }
    if (!('run' in prepared)) {
      this.#turns.toolEnd(id, 'failed', prepared.error)
      return outcome(prepared.error, true)
    }
    const decision = await this.#permission(tool, id, call.input, prepared)
    if (!decision.allow) {
      const output = `Denied: ${decision.message ?? 'the owner does not allow this.'}`
      this.#turns.toolEnd(id, this.#abort.signal.aborted ? 'interrupted' : 'denied', output)
      return outcome(output, true)
    }
    const changed = decision.input === undefined ? prepared : this.#prepare(tool, id, decision.input)
    const result = 'run' in changed ? await runSafely(changed) : { text: changed.error, failed: true }
    const interrupted = this.#abort.signal.aborted
    this.#turns.toolEnd(
      id,
      interrupted ? 'interrupted' : result.failed ? 'failed' : 'completed',
      result.text,
      result.diff,
    )
    return outcome(interrupted ? `${result.text} (interrupted)` : result.text, result.failed ?? false)
  }

  #prepare(tool: Tool, toolId: string, input: unknown): PreparedCall | { error: string } {
    try {
      return tool.prepare(input, {
        workspace: this.#options.cwd,
        signal: this.#abort.signal,
        onOutput: (output) => this.#turns.toolUpdate({ toolId, output }),
      })
    } catch (error) {
      return { error: toolError(error) }
    }
  }

  async #permission(tool: Tool, toolId: string, input: unknown, { title, diff }: PreparedCall): Promise<Decision> {
    const { name, kind } = tool
    // One command says nothing about the next one; a file tool stays in the workspace.
    const remembered = kind === 'execute' ? `${name} ${title}` : name
    if (!tool.asks || this.#allowed.has(remembered)) return { allow: true }
    if (this.#abort.signal.aborted) return { allow: false, message: 'The turn was interrupted.' }
    const { promise, resolve } = Promise.withResolvers<Decision>()
    const request = { requestId: crypto.randomUUID(), toolId, name, kind, title, input, canRemember: true }
    this.#turns.ask({ ...request, ...(diff ? { diff } : {}) }, resolve)
    const decision = await promise
    if (decision.allow && decision.remember) this.#allowed.add(remembered)
    return decision
  }

  #opened<T>(part: T | undefined): T {
    if (part === undefined) throw new Error('The built-in agent has not been started.')
    return part
  }
}

async function runSafely(prepared: PreparedCall) {
  try {
    return await prepared.run()
  } catch (error) {
    return { text: toolError(error), failed: true }
  }
}

const toolError = (error: unknown) =>
  error instanceof z.ZodError ? `The input does not fit: ${z.prettifyError(error)}` : errorText(error)

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  signal.addEventListener('abort', () => resolve(), { once: true })
  await promise
  clearTimeout(timer)
  signal.throwIfAborted()
}
