import { statSync } from 'node:fs'
import { homedir } from 'node:os'
import { NekodeError } from '@shared/errors'
import type { Plan } from '@shared/schedule/plan'
import { runtimeEnv } from '../../runtimes/env'
import { DEFAULT_BACKOFF_MS, DEFAULT_TIMEOUT_MS, MESSAGE_RETRIES } from './limits'
import { type Definition, definitionShape, type Submission, type Work } from './shapes'
import { readWhen, type When } from './when'

/** What a submission comes to. */
export interface Prepared {
  definition: Definition
  /** As it was said. */
  schedule: string
  when: When
  timezone: string
  warnings: string[]
}

/**
 * Reads what is to be done, and when.
 * @throws NekodeError invalid `JOB-001` for what cannot be a job, `schedule_invalid` for what is no time
 */
export async function prepare(
  submission: Submission,
  now: number,
  env: Record<string, string | undefined>,
): Promise<Prepared> {
  const work = workOf(submission)
  const isMessage = work.kind === 'message'
  const { cwd = env.HOME ?? homedir(), timezone = 'UTC', cron, schedule } = submission
  if (cron !== undefined && schedule !== undefined) throw refused('Give the cron line or the schedule, not both.')
  const said = cron ?? schedule ?? 'now'
  const when = await readWhen(said, timezone, now)
  const parsed = definitionShape().safeParse({
    work,
    ...(submission.args === undefined ? {} : { args: submission.args }),
    cwd,
    env: submission.env ?? {},
    timeout_ms: submission.timeout_secs === undefined ? DEFAULT_TIMEOUT_MS : submission.timeout_secs * 1000,
    max_retries: submission.max_retries ?? (isMessage ? MESSAGE_RETRIES : 0),
    backoff_ms: submission.backoff_secs === undefined ? DEFAULT_BACKOFF_MS : Math.round(submission.backoff_secs * 1000),
    // What changes while a run looks at what has changed must not be passed over.
    overlap: submission.overlap ?? (when.kind === 'watch' ? 'queue' : 'skip'),
    missed: submission.missed ?? 'once',
    max_missed: submission.max_missed ?? 10,
    tags: [...new Set(submission.tags)],
  })
  if (!parsed.success) throw refused(parsed.error.issues[0]?.message ?? 'That cannot be a job.')
  const definition = parsed.data
  if (JSON.stringify(definition).length > MAX_DEFINITION) throw refused('A job takes at most 256 KiB.')
  return { definition, schedule: scheduleText(said, when), when, timezone, warnings: warningsOf(definition, env) }
}

const MAX_DEFINITION = 256 * 1024

/** A moment stays what it was said as; `now` is how the store knows what is done once. */
const scheduleText = (said: string, when: When): string =>
  when.kind === 'now' ? 'now' : when.kind === 'watch' ? 'on watch' : when.kind === 'manual' ? 'manual' : said.trim()

function workOf({ workflow, command, message }: Submission): Work {
  const given = [workflow, command, message].filter((one) => one !== undefined)
  if (given.length !== 1)
    throw refused('A job does exactly one thing.', 'Give a command, a line for a shell, or a message.')
  if (workflow !== undefined) return { kind: 'shell', line: workflow }
  if (command !== undefined) return { kind: 'command', argv: command }
  if (message !== undefined) return { kind: 'message', ...message }
  throw refused('A job does something.')
}

/** What will probably fail. It may be right when the time comes: a folder that is mounted, a program that is installed. */
function warningsOf({ work, cwd, env }: Definition, parent: Record<string, string | undefined>): string[] {
  if (work.kind === 'message') return []
  const warnings: string[] = []
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) warnings.push(`The folder ${cwd} is not there now.`)
  const [program = ''] = work.kind === 'command' ? work.argv : []
  const { PATH = '' } = runtimeEnv('', parent, env)
  if (program !== '' && !program.includes('/') && !Bun.which(program, { PATH, cwd }))
    warnings.push(`There is no program ${program} on the PATH of the daemon now.`)
  return warnings
}

export const refused = (message: string, next?: string): NekodeError =>
  new NekodeError('invalid', message, { code: 'JOB-001', ...(next === undefined ? {} : { next }) })

/** The plan of a job that has one. */
export const planOf = (when: When): Plan | null => (when.kind === 'plan' ? when.plan : null)
