import type { Output } from '@shared/cli/output'
import { span } from '@shared/cli/values'
import { NekodeError } from '@shared/errors'
import { findHolder } from '../config/lock'
import { beginService, haltService, restartService } from '../install/service'
import {
  askToEnd,
  askToRestart,
  awaitAnew,
  awaitEnd,
  serviceOf,
  signal,
  startApart,
  type StartFailure,
  type Subject,
  subjectOf,
} from './background'
import { command } from './command'
import { Exit, EXIT_CODES } from './exit'
import { configArg, mustBeEnrolled } from './settings'

const START_MS = 20_000
/** What agents are in the middle of is ended in order first. */
const STOP_MS = 30_000

const args = {
  ...configArg,
  timeout: { type: 'string', valueHint: 'time', description: 'How long to wait for it (20s, to stop 30s)' },
} as const

const patience = (text: string | undefined, usual: number): number =>
  text === undefined ? usual : span('timeout', text)

export const start = command({
  name: 'start',
  description: 'Start the daemon in the background, and wait until it answers',
  args,
  examples: ['nekode-daemon start'],
  notes: [
    'Where a service is installed, the service manager starts it. Otherwise its log is daemon/nekode.log in its home, which rotates by itself; it does not start again with the computer: nekode-daemon install does that.',
  ],
  async run({ args, host, out }) {
    const subject = subjectOf(host.env, args.config)
    return begin(subject, patience(args.timeout, START_MS), out)
  },
})

async function begin(subject: Subject, patienceMs: number, out: Output): Promise<number> {
  const { config, log } = subject
  const holder = findHolder(config.paths)
  if (holder) {
    const found = { running: true, pid: holder.pid, started: false, log }
    out.show(found, () => `It runs already (process ${holder.pid}).`)
    return Exit.ok
  }
  mustBeEnrolled(config)
  const { installed } = await serviceOf(subject)
  if (installed) {
    await beginService(installed)
    if (!(await awaitAnew(subject, undefined, patienceMs))) throw silent(installed.logCommand)
    return tell(subject, installed.logCommand, out)
  }
  const result = await startApart(subject, patienceMs)
  if ('pid' in result) return tell(subject, log, out)
  return fail(result, out)
}

function tell({ config }: Subject, log: string, out: Output): number {
  const pid = findHolder(config.paths)?.pid ?? null
  out.show({ running: true, pid, started: true, log }, () => `The daemon runs (process ${pid}). Its log: ${log}`)
  return Exit.ok
}

function fail({ code, lines }: StartFailure, out: Output): number {
  for (const line of lines) out.note(line)
  const why = code === undefined ? 'gives no answer' : `ended with ${code}`
  const error = new NekodeError('precondition', `The daemon was started and ${why}.`, {
    code: 'start_failed',
    next: 'See what is wrong: nekode-daemon doctor',
    details: lines.map((message) => ({ path: 'log', message })),
  })
  // What is shown above need not be said again.
  out.error(out.json ? error : new NekodeError('precondition', error.message, { next: 'nekode-daemon doctor' }))
  // Its own code says what is wrong, as that of `run` does.
  return EXIT_CODES.some(([known]) => known === code) ? (code ?? Exit.failed) : Exit.failed
}

const silent = (logCommand: string): NekodeError =>
  new NekodeError('precondition', 'The service was started, and the daemon gives no answer.', {
    code: 'start_failed',
    next: `Look at its log: ${logCommand}`,
  })

export const stop = command({
  name: 'stop',
  description: 'Stop the daemon, and wait until it has ended',
  args: { ...args, force: { type: 'boolean', description: 'End it at once when it does not stop in time' } },
  examples: ['nekode-daemon stop', 'nekode-daemon stop --timeout 5s --force'],
  async run({ args, host, out }) {
    const subject = subjectOf(host.env, args.config)
    const stopped = await end(subject, patience(args.timeout, STOP_MS), args.force === true)
    out.show({ running: false, stopped }, () => (stopped ? 'The daemon has stopped.' : 'It does not run.'))
  },
})

/** @returns whether there was one to stop @throws NekodeError `stop_timeout` */
async function end(subject: Subject, patienceMs: number, isForced: boolean): Promise<boolean> {
  const { active } = await serviceOf(subject)
  const holder = findHolder(subject.config.paths)
  if (active) await haltService(active)
  else if (holder) await askToEnd(subject, holder)
  if (!holder) return active !== undefined
  if (await awaitEnd(subject, holder, patienceMs)) return true
  if (isForced) {
    signal(holder.pid, 'SIGKILL')
    if (await awaitEnd(subject, holder, patienceMs)) return true
  }
  throw new NekodeError('unavailable', `The daemon (process ${holder.pid}) has not stopped yet.`, {
    code: 'wait_timeout',
    next: 'Wait longer (--timeout 2m), or end it at once: nekode-daemon stop --force',
  })
}

export const restart = command({
  name: 'restart',
  description: 'Stop the daemon and start it again, as it was started',
  args,
  examples: ['nekode-daemon restart'],
  async run({ args, host, out }) {
    const subject = subjectOf(host.env, args.config)
    const patienceMs = patience(args.timeout, START_MS + STOP_MS)
    const holder = findHolder(subject.config.paths)
    const { active } = await serviceOf(subject)
    if (active) {
      await restartService(active)
      if (!(await awaitAnew(subject, holder, patienceMs))) throw silent(active.logCommand)
      return tell(subject, active.logCommand, out)
    }
    if (!holder) return begin(subject, patienceMs, out)
    if (await hasRestarted(subject, holder, patienceMs)) return tell(subject, subject.log, out)
    await end(subject, patienceMs, false)
    return begin(subject, patienceMs, out)
  },
})

/** @returns false for one that cannot be asked: it hangs, or has no local API */
async function hasRestarted(...given: Parameters<typeof askToRestart>): Promise<boolean> {
  try {
    return await askToRestart(...given)
  } catch (error) {
    if (error instanceof NekodeError) return false
    throw error
  }
}
