import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { errorText } from '@shared/errors'
import type { Cell, Entered } from '../confine/confine'
import type { DaemonMark } from './events'
import { RuntimeFailure, type ProcessEnd } from './failure'
import { clip, LineTooLong, MAX_LINE, readLines } from './lines'
import { carrying, descendants, isAlive, type Process, processes, signal } from './processes'

/** In the environment of every child and so of everything it starts: one id for each child. */
export const RUN_MARK = 'NEKODE_RUN'
/** Likewise, one id for each daemon installation. */
export const DAEMON_MARK = 'NEKODE_DAEMON_MARK'

/** How long a stop waits for the child to end by itself before SIGKILL. */
export const GRACE_MS = 3000
const EOF_MS = 500
const MAX_STDERR_LINE = 2000
const LAST_WORDS = 8
/** Lines that make no sense, after which the program is taken for another one than it should be. */
const MAX_GARBAGE = 10_000

export interface ChildOptions {
  argv: string[]
  cwd: string
  /** Complete: nothing else is inherited. */
  env: Record<string, string>
  mark?: DaemonMark | undefined
  /** What it is started in. */
  cell?: Cell | undefined
  maxLine?: number
  /** Pass empty lines to `onLine` too; a protocol of one value a line has no use for them. */
  emptyLines?: boolean
  /** Returns false for a line that is not of the protocol: too many of them and the child is stopped. */
  onLine(line: string): false | void
  onStderr(line: string): void
  /** After the last line. What the child left running has been killed by then. */
  onExit(end: ProcessEnd): void
}

/** A program in a process group of its own, with standard streams as lines, that can be stopped with all it has started. */
export class Child {
  readonly run = crypto.randomUUID()
  readonly pid: number
  readonly exited: Promise<ProcessEnd>
  readonly #process: Bun.Subprocess<'pipe', 'pipe', 'pipe'>
  readonly #pidFile: string | undefined
  readonly #entered: Entered | undefined
  /** Everything ever seen below the child, for the sweep after its end. */
  readonly #seen = new Map<number, Process>()
  readonly #lastWords: string[] = []
  readonly #overflow = new AbortController()
  #inputClosed = false
  #garbage = 0
  #stopping: Promise<void> | undefined

  /** @throws RuntimeFailure workspace_unavailable, runtime_missing, permission_denied or sandbox_unavailable */
  constructor(options: ChildOptions) {
    const argv = [resolveProgram(options), ...options.argv.slice(1)]
    const marks = { [RUN_MARK]: this.run, ...(options.mark ? { [DAEMON_MARK]: options.mark.id } : {}) }
    const env = { ...options.env, ...marks }
    this.#entered = options.cell && enter(options.cell, argv, env)
    try {
      this.#process = Bun.spawn(this.#entered?.argv ?? argv, {
        cwd: options.cwd,
        env: this.#entered?.env ?? env,
        stdin: 'pipe',
        stdout: 'pipe',
        stderr: 'pipe',
        // setsid: a Ctrl-C in the daemon's terminal does not reach the agent, and the group can be killed as one.
        detached: true,
      })
    } catch (cause) {
      void this.#entered?.ended()
      throw new RuntimeFailure('permission_denied', `${argv[0]} could not be executed: ${errorText(cause)}`, { cause })
    }
    this.pid = this.#process.pid
    this.#pidFile = options.mark && writePidFile(options.mark, this.pid, this.run)
    this.#entered?.started(this.pid, [RUN_MARK, this.run], () => {
      this.#collect()
      this.#process.kill('SIGKILL')
    })
    this.exited = this.#watch(options)
  }

  /** The last lines of standard error. */
  get lastWords(): string {
    return this.#lastWords.join('\n')
  }

  /** False when the child no longer reads. */
  write(line: string): boolean {
    if (this.#inputClosed) return false
    try {
      this.#process.stdin.write(`${line}\n`)
      settle(this.#process.stdin.flush())
      return true
    } catch {
      // Bun throws EPIPE here when the child has exited; its exit event says so too.
      return false
    }
  }

  closeInput(): void {
    this.#inputClosed = true
    try {
      settle(this.#process.stdin.end())
    } catch {
      // Already closed by the child's end.
    }
  }

  /** Kills a child that writes more than is allowed; its end says `overflow`. */
  abort(): void {
    if (this.#overflow.signal.aborted) return
    this.#overflow.abort()
    this.#process.kill('SIGKILL')
  }

  /**
   * Closes stdin, then SIGTERM, then SIGKILL, and kills every descendant that is left. Agent CLIs start their shells in
   * sessions of their own and orphan them when killed, so descendants are collected before each step.
   */
  stop(graceMs = GRACE_MS): Promise<void> {
    this.#stopping ??= this.#stop(graceMs)
    return this.#stopping
  }

  async #stop(graceMs: number): Promise<void> {
    this.#collect()
    // Whose input has ended before is not waiting for its end.
    const eofMs = this.#inputClosed ? 0 : Math.min(EOF_MS, graceMs / 2)
    this.closeInput()
    if (!(await within(this.exited, eofMs))) {
      this.#collect()
      this.#process.kill('SIGTERM')
      if (!(await within(this.exited, graceMs))) {
        this.#collect()
        this.#process.kill('SIGKILL')
      }
    }
    await this.exited
  }

  #collect(): void {
    const all = processes()
    for (const found of [...descendants(this.pid, all), ...carrying(RUN_MARK, this.run, all)])
      this.#seen.set(found.pid, found)
  }

  async #watch(options: ChildOptions): Promise<ProcessEnd> {
    const { stdout, stderr } = this.#process
    const safely = (line: string) => {
      if (!options.emptyLines && !line.trim()) return
      try {
        if (options.onLine(line) === false && ++this.#garbage > MAX_GARBAGE) this.abort()
      } catch (error) {
        // One line that could not be handled must not end the reading of the others.
        options.onStderr(`a line could not be handled: ${errorText(error)}`)
      }
    }
    const limits = { max: options.maxLine ?? MAX_LINE, signal: this.#overflow.signal }
    const output = readLines(stdout, safely, limits).catch((error: unknown) => {
      if (error instanceof LineTooLong) this.abort()
      else options.onStderr(`standard output could not be read: ${errorText(error)}`)
    })
    const errors = readLines(stderr, (line) => {
      if (!line.trim()) return
      const short = clip(line, MAX_STDERR_LINE)
      this.#lastWords.push(short)
      if (this.#lastWords.length > LAST_WORDS) this.#lastWords.shift()
      options.onStderr(short)
    }).catch((error: unknown) => options.onStderr(`standard error could not be read: ${errorText(error)}`))
    const code = await this.#process.exited
    this.#inputClosed = true
    const signalName = this.#process.signalCode
    await this.#sweep()
    // Nobody holds the pipes any more, except on systems where a grandchild could not be found.
    await within(Promise.all([output, errors]), EOF_MS)
    if (this.#pidFile) rmSync(this.#pidFile, { force: true })
    const limit = await this.#entered?.ended()
    const signalText = signalName === null ? this.#signalIn(code) : String(signalName)
    const overflow = this.#overflow.signal.aborted
    const garbage = this.#garbage > MAX_GARBAGE
    const end: ProcessEnd = {
      code: signalText ? null : code,
      signal: signalText,
      overflow,
      garbage,
      ...(limit === undefined ? {} : { limit }),
    }
    options.onExit(end)
    return end
  }

  /** What is around a child tells as a code above 128 by which signal that ended. */
  #signalIn(code: number): string | null {
    if (!this.#entered?.wrapped || code <= 128) return null
    return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0] ?? null
  }

  /** Kills what the child left behind: by what was seen below it, by the mark that orphans carry, and by group. */
  async #sweep(): Promise<void> {
    await killAll(() => {
      const all = processes()
      const left = [...this.#seen.values()].filter((one) => one.pid !== this.pid && isAlive(one, all))
      return [...left, ...carrying(RUN_MARK, this.run, all).filter(({ pid }) => pid !== this.pid)]
    })
    signal(-this.pid, 'SIGKILL')
  }
}

/** SIGKILLs what `find` finds until it finds nothing more. @returns how many processes were killed */
export async function killAll(find: () => Process[]): Promise<number> {
  const killed = new Set<string>()
  for (let round = 0; round < 50; round++) {
    const left = find()
    if (left.length === 0) break
    for (const { pid, start } of left) {
      killed.add(`${pid} ${start}`)
      signal(pid, 'SIGKILL')
    }
    await Bun.sleep(10)
  }
  return killed.size
}

/** @throws RuntimeFailure: what has to be confined never starts otherwise */
function enter(cell: Cell, argv: string[], env: Record<string, string>): Entered {
  try {
    return cell.enter(argv, env)
  } catch (cause) {
    if (cause instanceof RuntimeFailure) throw cause
    throw new RuntimeFailure(
      'sandbox_unavailable',
      `What confines the agent could not be set up: ${errorText(cause)}`,
      {
        cause,
      },
    )
  }
}

function resolveProgram({ argv: [program = ''], cwd, env }: ChildOptions): string {
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory())
    throw new RuntimeFailure('workspace_unavailable', `The workspace folder ${cwd} does not exist.`)
  const path = isAbsolute(program) ? program : Bun.which(program, { PATH: env.PATH ?? '', cwd })
  if (!path || !statSync(path, { throwIfNoEntry: false }))
    throw new RuntimeFailure('runtime_missing', `${program} is not installed, or not on the PATH of the daemon.`)
  return path
}

/** Lets the next process of this daemon find a child, also where environments cannot be read. @returns the path of the file */
export function writePidFile({ pidDir }: DaemonMark, pid: number, run: string): string {
  mkdirSync(pidDir, { recursive: true, mode: 0o700 })
  const path = join(pidDir, `${run}.json`)
  const start = processes().find((one) => one.pid === pid)?.start ?? ''
  writeFileSync(path, JSON.stringify({ pid, start, run }), { mode: 0o600 })
  return path
}

/** True when `work` settled within `ms`. */
export async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), ms)
  const done = work.then(
    () => true,
    () => true,
  )
  const result = await Promise.race([done, late])
  clearTimeout(timer)
  return result
}

/** A late EPIPE of a pipe nobody reads is no news: the exit event follows. */
function settle(result: unknown): void {
  if (result instanceof Promise) result.catch(() => undefined)
}
