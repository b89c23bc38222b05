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
/** Lines of a fast program are streamed together. */
const FLUSH_MS = 25

class Answer {
  size = 0
  readonly #lines: string[] = []
  readonly #stream: (text: string) => void
  #pending = ''
  #timer: Timer | undefined

  constructor(stream: (text: string) => void) {
    this.#stream = stream
  }

  add(line: string): void {
    this.size += line.length + 1
    this.#lines.push(line)
    this.#pending += `${line}\n`
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS)
  }

  /** @returns the whole answer */
  end(): string {
    this.#flush()
    return this.#lines.join('\n')
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#stream(this.#pending)
    this.#pending = ''
  }
}

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
    const { cwd, env, mark, cell, stateDir, prompt, mcp } = this.#options
    const answer = new Answer((text) => this.#turns.delta(this.#turns.turnId, text))
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
      cell,
      emptyLines: true,
      onLine: (line) => {
        this.#options.onRaw?.('in', line)
        if (answer.size > (this.#config.maxAnswer ?? MAX_ANSWER)) child.abort()
        else answer.add(line)
      },
      onStderr: (line) => this.#turns.stderr(line),
      onExit: (end) => this.#ended(end, answer.end(), child.lastWords),
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

  retire(): void {
    this.#stopping = true
  }

  async close(graceMs: number): Promise<void> {
    if (this.#child) await this.#child.stop(graceMs)
    else this.#turns.exit({ code: 0, signal: null }, this.#config.label, true, '')
  }
}
