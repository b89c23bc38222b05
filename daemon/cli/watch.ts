import { resolve } from 'node:path'
import type { ArgsDef } from 'citty'
import { span, whole } from '@shared/cli/values'
import { formatDuration } from '@shared/duration'
import type { Trigger, Watch, WatchAction, WatchSpec } from '../services/watch/contract'
import { command, group } from './command'
import { Exit, usage } from './exit'
import { withDaemon } from './local'

/** The first look at a large folder takes its time. */
const PATIENCE_MS = 5 * 60_000

const specArgs = {
  pattern: { type: 'string', valueHint: 'glob', description: 'Only these files, by name or path; ! takes out (all)' },
  ignore: { type: 'string', valueHint: 'rule', description: 'Leave out, as a line of .gitignore; ! takes back' },
  gitignore: { type: 'boolean', default: true, description: 'Follow .gitignore files (yes)' },
  'outside-home': { type: 'boolean', description: 'Allow a folder outside of your home folder' },
} as const satisfies ArgsDef
const REPEATED = ['pattern', 'ignore']

interface SpecFlags {
  gitignore: boolean
  'outside-home'?: boolean | undefined
}

const spec = (flags: SpecFlags, every: (name: string) => string[], dir: string) => ({
  dir: resolve(dir),
  patterns: every('pattern'),
  ignore: every('ignore'),
  gitignore: flags.gitignore,
  outside_home: flags['outside-home'] === true,
})

const which = {
  watch: { type: 'positional', required: true, valueHint: 'watch', description: 'Its name or id' },
} as const satisfies ArgsDef

interface ActionFlags {
  job?: string | undefined
  say?: string | undefined
  text?: string | undefined
  as?: string | undefined
  thread?: string | undefined
  purge?: boolean | undefined
  provider?: string | undefined
  model?: string | undefined
}

function actionOf(flags: ActionFlags): WatchAction {
  const { job, say, text, as, thread, purge, provider, model } = flags
  if ([job, say, purge].filter((one) => one !== undefined && one !== false).length > 1)
    throw usage('--job, --say and --purge exclude each other.', 'Add one watch for each.')
  if (say === undefined && (text ?? as ?? thread) !== undefined)
    throw usage('--text, --as and --thread belong to --say.', 'Say where: --say "#general"')
  if (!purge && (provider ?? model) !== undefined) throw usage('--provider and --model belong to --purge.')
  if (job !== undefined) return { kind: 'job', job }
  if (say !== undefined)
    return {
      kind: 'message',
      target: say,
      ...(text === undefined ? {} : { text }),
      ...(as === undefined ? {} : { as }),
      ...(thread === undefined ? {} : { thread_id: thread }),
    }
  if (purge)
    return {
      kind: 'purge',
      ...(provider === undefined ? {} : { provider }),
      ...(model === undefined ? {} : { model }),
    }
  return { kind: 'event' }
}

const add = command({
  name: 'add',
  description: 'Watch a folder and do something when files change',
  args: {
    dir: { type: 'positional', required: true, valueHint: 'folder', description: 'The folder, with all below it' },
    name: { type: 'string', description: 'What the watch is called' },
    ...specArgs,
    job: { type: 'string', valueHint: 'job', description: 'Run this job' },
    say: { type: 'string', valueHint: 'target', description: 'Say it in a channel or to an agent: #general, @ada' },
    text: { type: 'string', description: 'What stands before the list of files' },
    as: { type: 'string', valueHint: 'agent', description: 'Say it in the name of an agent of this computer (you)' },
    thread: { type: 'string', valueHint: 'id', description: 'Say it in this thread' },
    purge: { type: 'boolean', description: 'Take answers of models out of the cache' },
    provider: { type: 'string', description: 'Only those of this provider' },
    model: { type: 'string', description: 'Only those of this model' },
    debounce: { type: 'string', valueHint: 'time', description: 'Silence after which it triggers (500ms)' },
    'max-wait': { type: 'string', valueHint: 'time', description: 'Longest wait where there is no silence (10s)' },
    poll: { type: 'string', valueHint: 'time', description: 'Look at intervals: for network file systems' },
    'catch-up': { type: 'boolean', description: 'Tell once what changed while the daemon was away' },
    'max-per-minute': { type: 'string', valueHint: 'n', description: 'With more triggers it pauses itself (20)' },
    'max-per-hour': { type: 'string', valueHint: 'n', description: 'The same for an hour (60 with --say)' },
  },
  repeated: REPEATED,
  examples: [
    'nekode-daemon watch add ~/notes --name notes --pattern "*.md" --say @ada --text "Please look over what changed."',
    'nekode-daemon watch add . --name build --ignore dist/ --job build',
    'nekode-daemon watch add /mnt/share --outside-home --poll 1m --catch-up --say "#files"',
  ],
  async run({ args, every, host, out }) {
    const time = (name: string, text: string | undefined) => (text === undefined ? undefined : span(name, text))
    const count = (name: string, text: string | undefined, most: number) =>
      text === undefined ? undefined : whole(name, text, 1, most)
    const input = {
      ...spec(args, every, args.dir),
      name: args.name,
      action: actionOf(args),
      debounce_ms: time('debounce', args.debounce),
      max_wait_ms: time('max-wait', args['max-wait']),
      poll_ms: time('poll', args.poll),
      catch_up: args['catch-up'] === true,
      max_per_minute: count('max-per-minute', args['max-per-minute'], 600),
      max_per_hour: count('max-per-hour', args['max-per-hour'], 36_000),
    }
    const { watch } = await withDaemon(host, (client) => client.call('WatchAdd', input), PATIENCE_MS)
    out.record(watch, describe(watch, out.ago))
  },
})

const list = command({
  name: 'list',
  description: 'List the watches',
  args: {},
  examples: ['nekode-daemon watch list'],
  async run({ host, out }) {
    const { watches } = await withDaemon(host, (client) => client.call('WatchList', {}))
    out.list<Watch>(
      { items: watches },
      [
        { title: 'name', text: called },
        {
          title: 'state',
          text: ({ state }) => state,
          style: ({ state }) => (state === 'watching' ? 'green' : state === 'failed' ? 'red' : 'yellow'),
        },
        { title: 'does', text: ({ action }) => does(action) },
        { title: 'files', text: ({ files }) => (files === null ? '' : String(files)) },
        { title: 'triggers', text: ({ triggers }) => String(triggers) },
        { title: 'last', text: ({ last_trigger_at: at }) => (at === null ? '' : out.ago(at)) },
        { title: 'folder', text: ({ dir }) => dir },
      ],
      'There are no watches. Add one: nekode-daemon watch add DIR',
    )
  },
})

const show = command({
  name: 'show',
  description: 'Show a watch and what it has triggered',
  args: which,
  examples: ['nekode-daemon watch show notes'],
  async run({ args, host, out }) {
    const answer = await withDaemon(host, (client) => client.call('WatchShow', { id: args.watch }))
    const { watch, triggers } = answer
    if (out.json) return out.show({ watch, triggers }, () => '')
    out.record(watch, describe(watch, out.ago))
    if (triggers.length === 0) return
    out.line('')
    out.list<Trigger>(
      { items: triggers.slice(0, 10) },
      [
        { title: 'when', text: ({ at }) => out.ago(at) },
        { title: 'files', text: ({ total }) => String(total) },
        { title: 'state', text: ({ state }) => state },
        { title: 'outcome', text: ({ outcome }) => outcome ?? '' },
        { title: 'first', text: ({ files }) => (files[0] ? `${files[0].change} ${files[0].path}` : '') },
      ],
      '',
    )
  },
})

const pause = command({
  name: 'pause',
  description: 'Pause a watch',
  args: which,
  examples: ['nekode-daemon watch pause notes'],
  async run({ args, host, out }) {
    const { watch } = await withDaemon(host, (client) => client.call('WatchPause', { id: args.watch }))
    out.show(watch, () => `${called(watch)} is paused.`)
  },
})

const go = command({
  name: 'resume',
  description: 'Go on with a watch that is paused or failed',
  args: which,
  examples: ['nekode-daemon watch resume notes'],
  async run({ args, host, out }) {
    const { watch } = await withDaemon(host, (client) => client.call('WatchResume', { id: args.watch }), PATIENCE_MS)
    out.show(watch, () => `${called(watch)} is ${watch.state}.`)
  },
})

const remove = command({
  name: 'remove',
  description: 'Remove a watch',
  args: which,
  examples: ['nekode-daemon watch remove notes'],
  async run({ args, host, out }) {
    await withDaemon(host, (client) => client.call('WatchRemove', { id: args.watch }))
    out.show({ removed: args.watch }, () => `${args.watch} is removed.`)
  },
})

const test = command({
  name: 'test',
  description: 'Show what a watch counts and what it leaves out; changes nothing',
  args: {
    target: {
      type: 'positional',
      required: true,
      valueHint: 'folder|watch',
      description: 'A folder, or the name or id of a watch',
    },
    path: { type: 'string', valueHint: 'path', description: 'Whether a change of this file would trigger, and why' },
    ...specArgs,
  },
  repeated: [...REPEATED, 'path'],
  examples: [
    'nekode-daemon watch test . --pattern "*.ts" --path src/main.ts --path dist/main.js',
    'nekode-daemon watch test notes',
  ],
  notes: [
    'What has a slash or is “.” is a folder. With --path the exit code is 1 when one of the files would not trigger.',
  ],
  async run({ args, every, host, out }) {
    const isFolder = /^[.~]|[/\\]/.test(args.target)
    const paths = every('path')
    const input = isFolder ? { spec: spec(args, every, args.target), paths } : { id: args.target, paths }
    const found = await withDaemon(host, (client) => client.call('WatchTest', input), PATIENCE_MS)
    out.show(found, () =>
      [
        `${found.files} files in ${found.folders} folders of ${found.dir} would trigger.`,
        ...(paths.length === 0 ? found.some.slice(0, 10).map((path) => `  ${path}`) : []),
        ...(paths.length === 0 && found.files > 10 ? [`  … and ${found.files - 10} more`] : []),
        ...found.verdicts.map(({ path, triggers, why }) => `${triggers ? '✓' : '✗'} ${path}: ${why}`),
        ...found.warnings,
      ].join('\n'),
    )
    return found.verdicts.every(({ triggers }) => triggers) ? Exit.ok : Exit.failed
  },
})

export const watch = group({
  name: 'watch',
  description: 'Watch folders, and run jobs, say something or empty the cache when files change',
  examples: ['nekode-daemon watch list'],
  subCommands: { add, list, show, pause, resume: go, remove, test },
})

const called = ({ name, id }: Watch): string => name ?? (id === 'watch_unnamed' ? 'unnamed' : id)

function does(action: WatchSpec['action']): string {
  switch (action.kind) {
    case 'event':
      return 'tells it to listeners'
    case 'job':
      return `runs ${action.job}`
    case 'message':
      return `says it to ${action.target}${action.as ? ` as ${action.as}` : ''}`
    case 'purge':
      return `purges the cache${action.model ? ` of ${action.model}` : ''}`
  }
}

function describe(watch: Watch, ago: (time: number | null) => string): [string, string][] {
  const { dir, patterns, ignore, debounce_ms: debounce, poll_ms: poll, state, reason, files, folders } = watch
  return [
    ['name', watch.name ?? ''],
    ['id', watch.id],
    ['folder', dir],
    ['patterns', patterns.join('  ')],
    ['leaves out', ignore.join('  ')],
    ['does', does(watch.action)],
    ['waits', `${formatDuration(debounce)} of silence`],
    ['looks', poll === undefined ? '' : `every ${formatDuration(poll)}`],
    ['state', reason === null ? state : `${state}: ${reason}`],
    ['sees', files === null ? '' : `${files} files in ${folders} folders`],
    ['triggers', watch.last_trigger_at === null ? '0' : `${watch.triggers}, the last ${ago(watch.last_trigger_at)}`],
  ]
}
