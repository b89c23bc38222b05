import { resolve } from 'node:path'
import { listOf, oneOf, span, whole } from '@shared/cli/values'
import type { Submission } from '../../services/jobs/shapes'
import { MISSED, OVERLAPS } from '../../services/jobs/job'
import { command } from '../command'
import { usage } from '../exit'
import { withDaemon } from '../local'
import { followRun } from './follow'
import { localZone, moment } from './words'

const args = {
  when: {
    type: 'positional',
    required: true,
    valueHint: 'when',
    description: '“every 5m”, “daily at 9:00”, “0 9 * * 1-5”, @daily, 2027-03-01T09:00, “on watch”, manual or now',
  },
  name: { type: 'string', description: 'What the job is called (made from what it does)' },
  zone: { type: 'string', valueHint: 'zone', description: 'IANA time zone of the schedule (that of this computer)' },
  shell: { type: 'string', valueHint: 'line', description: 'A line for a shell, instead of a command after “--”' },
  say: { type: 'string', valueHint: 'target', description: 'Say something instead: in #channel, or to @agent' },
  text: { type: 'string', description: 'What is said' },
  as: { type: 'string', valueHint: 'agent', description: 'Say it in the name of an agent of this computer (you)' },
  thread: { type: 'string', valueHint: 'id', description: 'Say it in this thread' },
  cwd: { type: 'string', valueHint: 'folder', description: 'Folder of the command (the current one)' },
  env: { type: 'string', valueHint: 'NAME=value', description: 'A variable; NAME=secret:KEY for a secret' },
  input: { type: 'string', valueHint: 'json', description: 'JSON for the standard input of the command' },
  timeout: { type: 'string', valueHint: 'time', description: 'Longest time of a run (1h)' },
  retries: { type: 'string', valueHint: 'n', description: 'Attempts after one that failed (0; 8 with --say)' },
  backoff: {
    type: 'string',
    valueHint: 'time',
    description: 'Wait before the first retry; it doubles, up to 1h (10s)',
  },
  overlap: {
    type: 'string',
    valueHint: OVERLAPS.join('|'),
    description: 'While a run is under way (skip; queue with “on watch”)',
  },
  missed: {
    type: 'string',
    valueHint: MISSED.join('|'),
    description: 'Moments that passed while the daemon did not run (once)',
  },
  'max-missed': { type: 'string', valueHint: 'n', description: 'Of --missed all: how many of the latest (10)' },
  tag: { type: 'string', description: 'Words to find it by, with commas' },
  paused: { type: 'boolean', description: 'Add it without letting it run yet' },
  'dry-run': { type: 'boolean', description: 'Show when it would run; add nothing' },
  wait: { type: 'boolean', description: 'With “now”: show its output, and end as it ends' },
} as const

type Flags = { [Name in keyof typeof args]?: string | boolean | undefined }

export const add = command({
  name: 'add',
  description: 'Add a job: a command or a message, by a schedule or now',
  args,
  repeated: ['env'],
  rest: true,
  examples: [
    'nekode-daemon jobs add "daily at 9:00" --name backup --retries 3 -- ./backup.sh --full',
    'nekode-daemon jobs add "every 15m" --shell "git fetch --quiet && git status --short" --dry-run',
    'nekode-daemon jobs add "0 9 * * 1-5" --say "#general" --text "@ada what is open today?"',
    'nekode-daemon jobs add now --wait --env TOKEN=secret:GITHUB_TOKEN -- make deploy',
  ],
  notes: [
    'A due moment is written down before anything is started for it, so none is run twice, and none is lost: what passed while the daemon did not run is made up for as --missed says.',
    'A command that was under way when the daemon was killed has “interrupted” as its outcome, and is run again only where --retries allows it.',
  ],
  run: async ({ args: flags, rest, every, host, out }) => {
    const submission = submissionOf(flags, rest, every)
    if (flags['dry-run'] === true) {
      const found = await withDaemon(host, (client) => client.call('JobPreview', submission))
      const { next, timezone, warnings, workflow } = found
      out.show(found, () => [workflow, ...next.map((at) => `  ${moment(at, timezone)}`)].join('\n'))
      for (const warning of warnings) out.note(warning)
      return
    }
    return withDaemon(host, async (client) => {
      const made = await client.call('JobSubmit', { ...submission, request_id: crypto.randomUUID() })
      for (const warning of made.warnings) out.note(warning)
      if (flags.wait === true && made.run_id !== null) return followRun({ client, host, out, id: made.run_id })
      const next = made.next_run_at
      out.show(made, () =>
        next === null
          ? `${made.name} is ${made.run_id === null ? 'added' : 'in the queue'}.`
          : `${made.name} is added; it runs next ${moment(next, submission.timezone ?? 'UTC')}.`,
      )
      return
    })
  },
})

function submissionOf(flags: Flags, rest: string[], every: (name: string) => string[]): Submission {
  const text = (name: keyof Flags): string | undefined => {
    const value = flags[name]
    return typeof value === 'string' ? value : undefined
  }
  const number = (name: keyof Flags, most: number, least = 0): number | undefined => {
    const value = text(name)
    return value === undefined ? undefined : whole(name, value, least, most)
  }
  const seconds = (name: keyof Flags): number | undefined => {
    const value = text(name)
    return value === undefined ? undefined : Math.max(1, Math.ceil(span(name, value) / 1000))
  }
  const [overlap, missed, tags] = [text('overlap'), text('missed'), text('tag')]
  const [name, retries, most] = [text('name'), number('retries', 100), number('max-missed', 100, 1)]
  const [timeout, backoff, input] = [seconds('timeout'), seconds('backoff'), text('input')]
  return {
    ...workOf(text, rest),
    schedule: text('when') ?? 'now',
    timezone: text('zone') ?? localZone(),
    cwd: resolve(text('cwd') ?? '.'),
    env: Object.fromEntries(every('env').map(variable)),
    ...(name === undefined ? {} : { name }),
    ...(input === undefined ? {} : { args: inputOf(input) }),
    ...(timeout === undefined ? {} : { timeout_secs: timeout }),
    ...(retries === undefined ? {} : { max_retries: retries }),
    ...(backoff === undefined ? {} : { backoff_secs: backoff }),
    ...(overlap === undefined ? {} : { overlap: oneOf('--overlap', overlap, OVERLAPS) }),
    ...(missed === undefined ? {} : { missed: oneOf('--missed', missed, MISSED) }),
    ...(most === undefined ? {} : { max_missed: most }),
    ...(tags === undefined ? {} : { tags: listOf(tags) }),
    paused: flags.paused === true,
  }
}

function workOf(text: (name: keyof Flags) => string | undefined, rest: string[]): Submission {
  const [shell, say, content, as, thread] = [text('shell'), text('say'), text('text'), text('as'), text('thread')]
  if ([shell, say, rest[0]].filter((one) => one !== undefined).length !== 1)
    throw usage('A job does one thing.', 'Give a command after “--”, or --shell LINE, or --say TARGET --text TEXT.')
  if (say === undefined && (content ?? as ?? thread) !== undefined)
    throw usage('--text, --as and --thread belong to --say.', 'Say where: --say "#general"')
  if (shell !== undefined) return { workflow: shell }
  if (say === undefined) return { command: rest }
  if (content === undefined) throw usage('--text is missing.', 'Say what: --text "Good morning"')
  return {
    message: {
      target: say,
      content,
      ...(as === undefined ? {} : { as }),
      ...(thread === undefined ? {} : { thread_id: thread }),
    },
  }
}

function variable(given: string): [string, string] {
  const at = given.indexOf('=')
  if (at < 1) throw usage('--env is NAME=value.', 'For a secret: --env TOKEN=secret:GITHUB_TOKEN')
  return [given.slice(0, at), given.slice(at + 1)]
}

function inputOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw usage(`--input is not JSON: ${cause instanceof Error ? cause.message : ''}`)
  }
}
