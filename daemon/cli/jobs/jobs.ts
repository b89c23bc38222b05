import type { Output } from '@shared/cli/output'
import { oneLine } from '@shared/cli/text'
import { oneOf, whole } from '@shared/cli/values'
import { formatDuration } from '@shared/duration'
import type { Job, ListedJob, Run } from '../../services/jobs/shapes'
import { JOB_STATES } from '../../services/jobs/job'
import { command, group } from '../command'
import { withDaemon } from '../local'
import { add } from './add'
import { followRun, showOutput } from './follow'
import { lasted, localZone, moment, outcome, stateStyle } from './words'

/** A removal and a cancel wait until what is under way has ended. */
const PATIENCE_MS = 30_000

const job = { type: 'positional', required: true, valueHint: 'job', description: 'Its name or id' } as const
const limit = { type: 'string', default: '50', description: 'How many, newest first' } as const

const list = command({
  name: 'list',
  description: 'List the jobs',
  args: {
    state: { type: 'string', valueHint: 'state', description: `Only ${JOB_STATES.join(', ')}` },
    tag: { type: 'string', description: 'Only with this tag' },
    limit,
  },
  examples: ['nekode-daemon jobs list', 'nekode-daemon jobs list --state failed --json'],
  async run({ args, host, out }) {
    const state = args.state === undefined ? undefined : oneOf('--state', args.state, JOB_STATES)
    const found = await withDaemon(host, (client) =>
      client.call('JobList', {
        limit: whole('limit', args.limit, 1, 1000),
        ...(state === undefined ? {} : { state }),
        ...(args.tag === undefined ? {} : { tag: args.tag }),
      }),
    )
    if (found.set_aside !== null)
      out.note(`The store of the jobs was damaged. Its jobs do not run; it is kept as ${found.set_aside}.`)
    if (out.json) return out.show(found, () => '')
    out.list<ListedJob>(
      { items: found.jobs },
      [
        { title: 'name', text: ({ name }) => name, style: () => 'bold' },
        {
          title: 'state',
          text: ({ enabled, ...last }) => (enabled ? last.state : `paused, ${last.state}`),
          style: (one) => stateStyle(one.state),
        },
        { title: 'next', text: ({ next_run_at: at }) => (at === null ? '' : out.ago(at)) },
        { title: 'last', text: ({ started_at: at }) => (at === null ? '' : out.ago(at)) },
        { title: 'runs', text: ({ run_count: count }) => String(count) },
        { title: 'when', text: ({ schedule }) => oneLine(schedule) },
        { title: 'does', text: ({ workflow }) => oneLine(workflow) },
      ],
      'There are no jobs. Add one: nekode-daemon jobs add "daily at 9:00" -- COMMAND',
    )
  },
})

const show = command({
  name: 'show',
  description: 'Show a job, its next moments and its last runs',
  args: { job },
  examples: ['nekode-daemon jobs show backup'],
  async run({ args, host, out }) {
    const { detail, moments, runs } = await withDaemon(host, async (client) => ({
      detail: (await client.call('JobStatus', { id: args.job })).job,
      moments: (await client.call('JobNext', { id: args.job, count: 5 })).moments,
      runs: (await client.call('JobRuns', { id: args.job, limit: 10 })).runs,
    }))
    if (out.json) return out.show({ job: detail, next: moments.map(({ at }) => at), runs }, () => '')
    const zone = detail.timezone ?? localZone()
    out.record(detail, [
      ['name', detail.name],
      ['id', detail.id],
      ['does', detail.workflow],
      ['folder', detail.work.kind === 'message' ? '' : detail.cwd],
      ['variables', Object.keys(detail.env).join(' ')],
      ['when', detail.timezone === null ? detail.schedule : `${detail.schedule} (${detail.timezone})`],
      ['state', detail.enabled ? detail.state : `paused, ${detail.state}`],
      ['next', moments.map(({ at }) => moment(at, zone)).join(', ')],
      ['timeout', formatDuration(detail.timeout_secs * 1000)],
      ['retries', retriesText(detail)],
      ['overlap', detail.overlap],
      ['missed', detail.missed === 'all' ? `all, at most ${detail.max_missed}` : detail.missed],
      ['tags', detail.tags.join(' ')],
    ])
    if (runs.length === 0) return
    host.out('\n')
    runTable(out, runs)
  },
})

const retriesText = ({ max_retries: most, backoff_secs: wait }: Job): string =>
  most === 0 ? 'none' : `${most}, the first after ${formatDuration(wait * 1000)}`

function runTable(out: Output, runs: Run[]): void {
  out.list<Run>(
    { items: runs },
    [
      { title: 'run', text: ({ id }) => id },
      { title: 'job', text: ({ name }) => name },
      { title: 'outcome', text: outcome, style: ({ state }) => stateStyle(state) },
      { title: 'began', text: ({ started_at: at }) => (at === null ? '' : out.ago(at)) },
      { title: 'took', text: lasted },
      { title: 'attempt', text: ({ attempt }) => String(attempt) },
      { title: 'why', text: ({ why, reason }) => oneLine(reason === '' ? why : `${why}: ${reason}`) },
    ],
    'There were no runs.',
  )
}

const runs = command({
  name: 'runs',
  description: 'List the runs of a job, or of all',
  args: { job: { ...job, required: false }, limit },
  examples: ['nekode-daemon jobs runs backup', 'nekode-daemon jobs runs --limit 10 --json'],
  async run({ args, host, out }) {
    const found = await withDaemon(host, (client) =>
      client.call('JobRuns', {
        limit: whole('limit', args.limit, 1, 1000),
        ...(args.job === undefined ? {} : { id: args.job }),
      }),
    )
    if (out.json) out.show(found, () => '')
    else runTable(out, found.runs)
  },
})

const history = command({
  name: 'history',
  description: 'What happened to a job, the skipped and the missed too',
  args: { job, limit },
  examples: ['nekode-daemon jobs history backup'],
  async run({ args, host, out }) {
    const found = await withDaemon(host, (client) =>
      client.call('JobHistory', { id: args.job, limit: whole('limit', args.limit, 1, 1000) }),
    )
    if (out.json) return out.show(found, () => '')
    out.list(
      { items: found.events },
      [
        { title: 'when', text: ({ timestamp }) => moment(timestamp, localZone()) },
        { title: 'event', text: ({ event }) => event },
        { title: 'details', text: ({ details }) => oneLine(details) },
      ],
      'Nothing happened yet.',
    )
  },
})

const next = command({
  name: 'next',
  description: 'The next moments of a job, or of all',
  args: {
    job: { ...job, required: false },
    count: { type: 'string', default: '10', description: 'How many' },
    zone: {
      type: 'string',
      valueHint: 'zone',
      description: 'Time zone in which they are shown (that of this computer)',
    },
  },
  examples: ['nekode-daemon jobs next', 'nekode-daemon jobs next backup --count 3'],
  async run({ args, host, out }) {
    const found = await withDaemon(host, (client) =>
      client.call('JobNext', {
        count: whole('count', args.count, 1, 1000),
        ...(args.job === undefined ? {} : { id: args.job }),
      }),
    )
    if (out.json) return out.show(found, () => '')
    out.list(
      { items: found.moments },
      [
        { title: 'when', text: ({ at }) => moment(at, args.zone ?? localZone()) },
        { title: 'in', text: ({ at }) => out.ago(at) },
        { title: 'job', text: ({ name }) => name },
      ],
      'Nothing is due by itself.',
    )
  },
})

const run = command({
  name: 'run',
  description: 'Run a job now',
  args: { job, wait: { type: 'boolean', description: 'Show its output, and end as it ends' } },
  examples: ['nekode-daemon jobs run backup', 'nekode-daemon jobs run backup --wait'],
  notes: ['With --wait the exit code is 0 when the run is completed, and 1 when it is not.'],
  run: ({ args, host, out }) =>
    withDaemon(host, async (client) => {
      const made = await client.call('JobRun', { id: args.job, request_id: crypto.randomUUID() })
      if (args.wait === true) return followRun({ client, host, out, id: made.run_id })
      return out.show(made, () => `${args.job} is in the queue: ${made.run_id}`)
    }),
})

const retry = command({
  name: 'retry',
  description: 'Run once more what failed or was cancelled',
  args: { job: { ...job, description: 'Name or id of a job, or a run' } },
  examples: ['nekode-daemon jobs retry backup'],
  async run({ args, host, out }) {
    const made = await withDaemon(host, (client) => client.call('JobRetry', { id: args.job }))
    out.show(made, () => `It is in the queue: ${made.run_id}`)
  },
})

const logs = command({
  name: 'logs',
  description: 'Show what a job said at its newest run, or what a run said',
  args: {
    job: { ...job, description: 'Name or id of a job, or a run' },
    follow: { type: 'boolean', alias: 'f', description: 'Go on until it is over' },
  },
  examples: ['nekode-daemon jobs logs backup', 'nekode-daemon jobs logs backup --follow'],
  notes: [
    'What the command said on standard error goes there. The last 64 Ki characters of a run are kept.',
    'JSON: a line {"stream", "text"} for each piece.',
  ],
  run: ({ args, host, out }) =>
    withDaemon(host, async (client) => {
      if (args.follow === true) return followRun({ client, host, out, id: args.job })
      await showOutput({ client, host, out, id: args.job, follow: false })
      return undefined
    }),
})

/** A command that asks one thing about one job. */
const simple = (
  name: string,
  operation: 'JobPause' | 'JobResume' | 'JobCancel' | 'JobRemove',
  { description, done, of = job }: { description: string; done: string; of?: typeof job },
) =>
  command({
    name,
    description,
    args: { job: of },
    examples: [`nekode-daemon jobs ${name} backup`],
    async run({ args, host, out }) {
      await withDaemon(host, (client) => client.call(operation, { id: args.job }), PATIENCE_MS)
      out.show({ job: args.job, done: name }, () => `${args.job} ${done}.`)
    },
  })

export const jobs = group({
  name: 'jobs',
  description: 'Commands and messages by schedule, on demand, or when files change',
  examples: ['nekode-daemon jobs list', 'nekode-daemon jobs add "daily at 9:00" --name backup -- ./backup.sh'],
  subCommands: {
    add,
    list,
    show,
    next,
    runs,
    history,
    run,
    retry,
    logs,
    pause: simple('pause', 'JobPause', { description: 'Let a job not run by itself', done: 'is paused' }),
    resume: simple('resume', 'JobResume', { description: 'Go on with a job that is paused', done: 'goes on' }),
    cancel: simple('cancel', 'JobCancel', {
      description: 'End what waits or is under way of a job, or one run',
      done: 'is cancelled',
    }),
    remove: simple('remove', 'JobRemove', {
      description: 'End a job and forget it, with its runs',
      done: 'is removed',
    }),
  },
})
