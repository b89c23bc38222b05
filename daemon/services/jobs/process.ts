import { accessSync, constants, existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import { DAEMON_MARK, killAll, RUN_MARK, within, writePidFile } from '../../runtimes/child'
import type { DaemonMark } from '../../runtimes/events'
import { carrying, descendants, isAlive, type Process, processes, signal } from '../../runtimes/processes'
import type { Failure } from './job'
import { GRACE_MS } from './limits'
import { Mask, type Output } from './output'

/** Why a command could not be started. */
export class StartFailure extends NekodeError {
  constructor(
    readonly failure: Failure,
    message: string,
    cause?: unknown,
  ) {
    super('precondition', message, { code: failure, ...(cause === undefined ? {} : { cause }) })
  }
}

/** Where a command says that it began and how it ended, for a daemon that was killed in the meantime. */
export interface Traces {
  began: string
  ended: string
}

export const tracesOf = (folder: string, runId: string, attempt: number): Traces => ({
  began: join(folder, `${runId}.${attempt}.began`),
  ended: join(folder, `${runId}.${attempt}.ended`),
})

export function removeTraces({ began, ended }: Traces): void {
  for (const path of [began, ended]) rmSync(path, { force: true })
}

/** What is known of a command that this process has not seen end: it never began, it ended by itself with a code, or it was cut off. */
export function readTraces({ began, ended }: Traces): 'never began' | 'cut off' | number {
  const code = /^\d{1,3}$/.exec(existsSync(ended) ? readFileSync(ended, 'utf8').trim() : '')?.[0]
  if (code !== undefined) return Number(code)
  return existsSync(began) ? 'cut off' : 'never began'
}

/**
 * The command runs below a shell that leaves the traces. The shell outlives the signals that ask the group to end, to write down the code;
 * the command gets them as they are, because a trap is not inherited.
 */
const GATE = `trap : HUP INT TERM
began=$1 ended=$2
shift 2
: >"$began" || exit 125
"$@"
code=$?
echo $code >"$ended"
exit $code`
const SHELL = '/bin/sh'

/** Whether commands leave traces here. Without them, a command that was under way is taken for interrupted. */
export const LEAVES_TRACES = process.platform !== 'win32' && existsSync(SHELL)

/** A stream that says more a second than this is read no faster: its command waits. In bytes. */
const PACE = 8 * 1024 * 1024

export interface JobProcessOptions {
  argv: readonly string[]
  cwd: string
  /** Complete: nothing else is inherited. */
  env: Record<string, string>
  stdin: string | undefined
  mark: DaemonMark
  traces: Traces
  output: Output
  secrets: ReadonlyMap<string, string>
}

export interface JobEnd {
  /** Null when a signal ended it. */
  code: number | null
  signal: string | null
  /** False when the command never began: its traces could not be written. */
  began: boolean
}

/** A command in a process group of its own. */
export class JobProcess {
  readonly pid: number
  readonly exited: Promise<JobEnd>
  readonly #run = crypto.randomUUID()
  readonly #child: Bun.Subprocess<Blob | 'ignore', 'pipe', 'pipe'>
  readonly #pidFile: string | undefined
  readonly #seen = new Map<number, Process>()
  #stopping: Promise<void> | undefined

  /** @throws StartFailure */
  constructor(options: JobProcessOptions) {
    const { argv, cwd, env, mark, traces, stdin } = options
    const command = [resolveProgram(options), ...argv.slice(1)]
    const whole = LEAVES_TRACES ? [SHELL, '-c', GATE, 'nekode-job', traces.began, traces.ended, ...command] : command
    try {
      this.#child = Bun.spawn(whole, {
        cwd,
        env: { ...env, [RUN_MARK]: this.#run, [DAEMON_MARK]: mark.id },
        stdin: stdin === undefined ? 'ignore' : new Blob([stdin]),
        stdout: 'pipe',
        stderr: 'pipe',
        // setsid: a Ctrl-C in the daemon's terminal does not reach it, and the group can be ended as one.
        detached: true,
      })
    } catch (cause) {
      throw new StartFailure('start_failed', `${command[0]} could not be started: ${errorText(cause)}.`, cause)
    }
    this.pid = this.#child.pid
    // Linux finds what is left by the mark in its environment.
    this.#pidFile = process.platform === 'linux' ? undefined : writePidFile(mark, this.pid, this.#run)
    this.exited = this.#watch(options)
  }

  /** Asks the command, and all it has started, to end, and ends it when it has not after the grace. */
  stop(graceMs = GRACE_MS): Promise<void> {
    this.#stopping ??= this.#stop(graceMs)
    return this.#stopping
  }

  async #stop(graceMs: number): Promise<void> {
    if (process.platform === 'win32') return this.#stopTree()
    this.#collect()
    signal(-this.pid, 'SIGTERM')
    for (const { pid } of this.#seen.values()) signal(pid, 'SIGTERM')
    if (!(await within(this.#child.exited, graceMs))) {
      this.#collect()
      signal(-this.pid, 'SIGKILL')
    }
    await this.exited
  }

  /** Windows knows neither groups nor a signal that asks. */
  async #stopTree(): Promise<void> {
    Bun.spawnSync(['taskkill', '/PID', String(this.pid), '/T', '/F'], { stdout: 'ignore', stderr: 'ignore' })
    await this.exited
  }

  #collect(): void {
    const all = processes()
    for (const found of [...descendants(this.pid, all), ...carrying(RUN_MARK, this.#run, all)])
      if (found.pid !== this.pid) this.#seen.set(found.pid, found)
  }

  async #watch({ output, secrets, traces }: JobProcessOptions): Promise<JobEnd> {
    const streams = (['stdout', 'stderr'] as const).map(async (name) => {
      const mask = new Mask(secrets)
      const decoder = new TextDecoder()
      try {
        for await (const bytes of paced(this.#child[name]))
          output.push(name, mask.push(decoder.decode(bytes, { stream: true })))
      } catch (error) {
        output.push('note', `[${name} could not be read: ${errorText(error)}]\n`)
      }
      output.push(name, mask.push(decoder.decode()) + mask.end())
    })
    const code = await this.#child.exited
    const signalName = this.#child.signalCode
    const began = !LEAVES_TRACES || existsSync(traces.began)
    await this.#sweep()
    // Nobody holds the pipes any more, except on systems where a grandchild could not be found.
    await within(Promise.all(streams), 500)
    if (this.#pidFile !== undefined) rmSync(this.#pidFile, { force: true })
    return { code: signalName === null ? code : null, signal: signalName === null ? null : String(signalName), began }
  }

  /** Ends what the command left running. */
  async #sweep(): Promise<void> {
    await killAll(() => {
      const all = processes()
      const left = [...this.#seen.values()].filter((one) => isAlive(one, all))
      return [...left, ...carrying(RUN_MARK, this.#run, all).filter(({ pid }) => pid !== this.pid)]
    })
    signal(-this.pid, 'SIGKILL')
  }
}

/** The pieces of a stream, no faster than the pace, so that a command that says without end does not take the daemon's time. */
async function* paced(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  let since = performance.now()
  let bytes = 0
  for await (const piece of stream) {
    yield piece
    bytes += piece.length
    if (bytes < PACE / 8) continue
    const early = (bytes / PACE) * 1000 - (performance.now() - since)
    if (early > 1) await Bun.sleep(early)
    since = performance.now()
    bytes = 0
  }
}

function resolveProgram({ argv: [program = ''], cwd, env }: JobProcessOptions): string {
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory())
    throw new StartFailure('cwd_missing', `The folder ${cwd} is not there.`)
  const path = isAbsolute(program) ? program : Bun.which(program, { PATH: env.PATH ?? '', cwd })
  const found = path === null ? relativeTo(cwd, program) : path
  if (found === undefined || !statSync(found, { throwIfNoEntry: false })?.isFile())
    throw new StartFailure('command_missing', `There is no program ${program}, or it is not on the PATH of the daemon.`)
  try {
    accessSync(found, constants.X_OK)
  } catch (cause) {
    throw new StartFailure('not_executable', `${found} may not be executed.`, cause)
  }
  return found
}

/** `./script` and `bin/script` are meant from the folder of the job. */
const relativeTo = (cwd: string, program: string): string | undefined =>
  program.includes('/') ? join(cwd, program) : undefined
