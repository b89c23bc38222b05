import { mkdirSync } from 'node:fs'
import { constants } from 'node:os'
import { errorText, NekodeError } from '@shared/errors'
import { formatDuration } from '@shared/duration'
import { within } from '../../runtimes/child'
import { runtimeEnv } from '../../runtimes/env'
import type { DaemonMark } from '../../runtimes/events'
import type { Failure } from './job'
import type { Output } from './output'
import { JobProcess, StartFailure, type Traces } from './process'
import type { JobRow, RunRow } from './rows'
import type { Work } from './shapes'

/** Says something in a channel or to an agent. The same `requestId` says it once, however often it is asked. */
export type Say = (message: {
  as?: string
  target: string
  content: string
  threadId?: string
  requestId: string
}) => Promise<unknown>

/** The value of a secret of this computer; undefined when there is none of the name. */
export type SecretOf = (name: string) => Promise<string | undefined> | string | undefined

/** How an attempt came out. */
export type Outcome =
  | { kind: 'completed'; exitCode: number | null }
  | { kind: 'failed'; failure: Failure; error: string; exitCode?: number | null }
  | { kind: 'cancelled'; error: string; exitCode?: number | null }
  /** It is as if it had not been begun. */
  | { kind: 'untouched' }

export interface AttemptOptions {
  job: JobRow
  run: RunRow
  output: Output
  traces: Traces
  /** For the traces. */
  folder: string
  mark: DaemonMark
  /** The environment of the daemon, of which commands get what any program needs. */
  env: Record<string, string | undefined>
  say: Say
  secretOf: SecretOf
}

const SECRET = /^secret:(.+)$/s

/** Why an attempt was ended from outside. */
type Ended = { kind: 'timeout' } | { kind: 'cancelled'; error: string } | { kind: 'interrupted' }

/** One execution of a run. */
export class Attempt {
  readonly done: Promise<Outcome>
  readonly #options: AttemptOptions
  #process: JobProcess | undefined
  #ended: Ended | undefined

  constructor(options: AttemptOptions) {
    this.#options = options
    this.done = this.#perform().catch((error: unknown) => this.#failed(error))
  }

  /** Ends it; the run is over. */
  cancel(error: string): void {
    this.#end({ kind: 'cancelled', error })
  }

  /** Ends it because the daemon ends. */
  interrupt(): void {
    this.#end({ kind: 'interrupted' })
  }

  #end(how: Ended): void {
    this.#ended ??= how
    void this.#process?.stop()
  }

  async #perform(): Promise<Outcome> {
    const { work } = this.#options.job.definition
    const limit = setTimeout(() => this.#end({ kind: 'timeout' }), this.#options.job.definition.timeout_ms)
    try {
      return work.kind === 'message' ? await this.#say(work) : await this.#command(work)
    } finally {
      clearTimeout(limit)
    }
  }

  #failed(error: unknown): Outcome {
    const failure = error instanceof StartFailure ? error.failure : 'start_failed'
    return { kind: 'failed', failure, error: errorText(error) }
  }

  async #say({ target, content, thread_id: threadId, as }: Extract<Work, { kind: 'message' }>): Promise<Outcome> {
    const { run, job, say } = this.#options
    try {
      // One id for all attempts: one that came through without an answer is not said again.
      const said = say({
        target,
        content,
        ...(threadId === undefined ? {} : { threadId }),
        ...(as === undefined ? {} : { as }),
        requestId: `job-${run.id}`,
      })
      const inTime = await within(said, job.definition.timeout_ms)
      if (!inTime) return this.#late()
      await said
      return { kind: 'completed', exitCode: null }
    } catch (error) {
      if (this.#ended?.kind === 'interrupted') return { kind: 'untouched' }
      const next = error instanceof NekodeError && error.next !== undefined ? ` ${error.next}` : ''
      return { kind: 'failed', failure: 'message_failed', error: `${errorText(error)}${next}` }
    }
  }

  async #command(work: Exclude<Work, { kind: 'message' }>): Promise<Outcome> {
    const { job, mark, output, traces, folder } = this.#options
    const { definition } = job
    const { env, secrets } = await this.#environment()
    if (this.#ended) return this.#cut()
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
    } catch (cause) {
      throw new StartFailure('disk_full', `${folder} cannot be made: ${errorText(cause)}.`, cause)
    }
    this.#process = new JobProcess({
      argv: work.kind === 'command' ? work.argv : shell(work.line),
      cwd: definition.cwd,
      env,
      stdin: definition.args === undefined ? undefined : JSON.stringify(definition.args),
      mark,
      traces,
      output,
      secrets,
    })
    const { code, signal, began } = await this.#process.exited
    if (this.#ended) return this.#cut(code)
    if (!began)
      return {
        kind: 'failed',
        failure: 'disk_full',
        error: `It was not begun: ${folder} cannot be written. Is the disk full?`,
      }
    if (code === 0) return { kind: 'completed', exitCode: 0 }
    if (signal !== null) return { kind: 'failed', failure: 'signal', error: `It was ended by ${signal}.` }
    return {
      kind: 'failed',
      failure: 'exit',
      error: `It ended with exit code ${code}${meaning(code)}.`,
      exitCode: code,
    }
  }

  /** How it came out when it was ended from outside. */
  #cut(exitCode: number | null = null): Outcome {
    const ended = this.#ended
    if (ended?.kind === 'cancelled') return { kind: 'cancelled', error: ended.error, exitCode }
    if (ended?.kind === 'timeout') return { ...this.#late(), exitCode }
    // Nothing was started yet.
    if (!this.#process) return { kind: 'untouched' }
    return { kind: 'failed', failure: 'interrupted', error: 'The daemon ended while it was under way.', exitCode }
  }

  #late(): Extract<Outcome, { kind: 'failed' }> {
    const limit = formatDuration(this.#options.job.definition.timeout_ms)
    return { kind: 'failed', failure: 'timeout', error: `It was not done after ${limit}.` }
  }

  /** What the command finds in its environment. @throws StartFailure when a secret is not there */
  async #environment(): Promise<{ env: Record<string, string>; secrets: Map<string, string> }> {
    const { job, run, secretOf, env: parent } = this.#options
    const secrets = new Map<string, string>()
    const own: Record<string, string> = {}
    for (const [name, value] of Object.entries(job.definition.env)) {
      const secret = SECRET.exec(value)?.[1]
      if (secret === undefined) {
        own[name] = value
        continue
      }
      const found = await secretOf(secret)
      if (found === undefined)
        throw new StartFailure(
          'secret_missing',
          `There is no secret ${secret} for ${name}. Keep it first: nekode-daemon secrets set ${secret}`,
        )
      secrets.set(secret, found)
      own[name] = found
    }
    const about = {
      NEKODE_JOB_ID: job.id,
      NEKODE_JOB_NAME: job.name,
      NEKODE_JOB_RUN_ID: run.id,
      NEKODE_JOB_ATTEMPT: String(run.attempt),
      NEKODE_JOB_WHY: run.why,
      NEKODE_JOB_REASON: run.reason,
      ...(run.due_at === null ? {} : { NEKODE_JOB_DUE_AT: new Date(run.due_at).toISOString() }),
    }
    return { env: runtimeEnv('', parent, { ...own, ...about }), secrets }
  }
}

/** What shells mean by some codes. */
function meaning(code: number | null): string {
  if (code === 127) return ': a shell did not find a program'
  const name = Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0]
  return name === undefined ? '' : `, as by ${name}`
}

const shell = (line: string): string[] =>
  process.platform === 'win32' ? [process.env.ComSpec ?? 'cmd.exe', '/d', '/s', '/c', line] : ['/bin/sh', '-c', line]
