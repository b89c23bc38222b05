import { Child } from './child'
import type { Session } from './driver'
import type { StartOptions } from './events'
import { failureFromExit, type ProcessEnd, RuntimeFailure } from './failure'
import { writeMcpConfig, writeState } from './state'
import { Turns } from './turns'

export interface CommandConfig {
  argv: string[]
  label: string
  /** Characters of one answer. */
  maxAnswer?: number
}

const MAX_ANSWER = 4 * 1024 * 1024

/**
 * Any program: one process for each turn, the turn's text on standard input, the answer on standard output, exit code 0 for
 * success. It finds the launch prompt in the file named by NEKODE_PROMPT_FILE, the agent's MCP servers in NEKODE_MCP_CONFIG, and
 * the same id in NEKODE_SESSION for every turn of a session.
 */
export class CommandSession implements Session {
  readonly sessionId: string
  readonly #config: CommandConfig
  readonly #options: StartOptions
  readonly #turns: Turns<never>
  readonly #queue: string[] = []
  #child: Child | undefined
  #interrupted = false
  #stopping = false

  constructor(config: CommandConfig, options: StartOptions) {
    this.#config = config
    this.#options = options
    this.#turns = new Turns(options.onEvent)
    this.sessionId = options.resume ?? crypto.randomUUID()
  }

  get busy(): boolean {
    return this.#turns.busy
  }

  open(): Promise<void> {
    const [program = ''] = this.#config.argv
    if (!Bun.which(program, { PATH: this.#options.env.PATH ?? '', cwd: this.#options.cwd }))
      return Promise.reject(
        new RuntimeFailure('runtime_missing', `${program || 'The command'} is not on the PATH of the agent.`),
      )
    this.#turns.emit({ type: 'ready', sessionId: this.sessionId })
    return Promise.resolve()
  }

  send(text: string): Promise<'started' | 'queued'> {
    if (this.#turns.busy) {
      this.#queue.push(text)
      return Promise.resolve('queued')
    }
    this.#run(text)
    return Promise.resolve('started')
  }

  #run(text: string): void {
    const { cwd, env, mark, stateDir, prompt, mcp } = this.#options
    const answer: string[] = []
    let size = 0
    this.#interrupted = false
    const child = new Child({
      argv: this.#config.argv,
      cwd,
      env: {
        ...env,
        NEKODE_PROMPT_FILE: writeState(stateDir, 'prompt.md', prompt),
        NEKODE_MCP_CONFIG: writeMcpConfig(stateDir, mcp),
        NEKODE_SESSION: this.sessionId,
      },
      mark,
      emptyLines: true,
      onLine: (line) => {
        this.#options.onRaw?.('in', line)
        answer.push(line)
        size += line.length + 1
        if (size > (this.#config.maxAnswer ?? MAX_ANSWER)) child.abort()
        else this.#turns.delta(this.#turns.turnId, `${line}\n`)
      },
      onStderr: (line) => this.#turns.stderr(line),
      onExit: (end) => this.#ended(end, answer.join('\n'), child.lastWords),
    })
    this.#child = child
    this.#turns.begin()
    this.#options.onRaw?.('out', text)
    child.write(text)
    child.closeInput()
  }

  #ended(end: ProcessEnd, answer: string, lastWords: string): void {
    this.#child = undefined
    if (!end.overflow) this.#turns.message(this.#turns.turnId, answer)
    if (this.#interrupted || this.#stopping) this.#turns.end('interrupted')
    else if (end.code === 0 && !end.overflow) this.#turns.end('completed')
    else this.#turns.end('failed', failureFromExit(end, this.#config.label, lastWords))
    if (this.#stopping) return this.#turns.exit(end, this.#config.label, true, '')
    const next = this.#queue.splice(0)
    if (next.length === 0) return
    try {
      this.#run(next.join('\n\n'))
    } catch (error) {
      // The program or the workspace went away between two turns.
      const failure =
        error instanceof RuntimeFailure ? error.failure : { reason: 'internal' as const, message: String(error) }
      this.#turns.begin()
      this.#turns.end('failed', failure)
    }
  }

  async interrupt(): Promise<void> {
    this.#interrupted = true
    await this.#child?.stop(1000)
  }

  answer(): void {
    // A command asks for nothing.
  }

  async close(graceMs: number): Promise<void> {
    this.#stopping = true
    if (this.#child) await this.#child.stop(graceMs)
    else this.#turns.exit({ code: 0, signal: null }, this.#config.label, true, '')
  }
}
