import { ARTIFACT_TTL } from '@shared/contract'
import { command, group } from './command'
import { usage } from './exit'
import { findTarget } from './names'
import { oneLine, sizeText } from './text'
import { publishFile } from './transfer'
import { span, whole } from './values'

const file = { type: 'positional', required: true, description: 'The file' } as const

/** Seconds of `3600`, `12h` or `7d`. @throws usage for what is no such time, or not within the bounds */
export function ttlSeconds(text: string): number {
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Math.round(span('ttl', text) / 1000)
  if (seconds >= ARTIFACT_TTL.least && seconds <= ARTIFACT_TTL.most) return seconds
  throw usage('--ttl is a time from a minute to 90 days: 3600 (seconds), 12h, 7d.')
}

/** Publishes a file of this computer. `name` is what the command is called; `example` shows it. */
const publishing = (name: string, examples: string[]) =>
  command({
    name,
    description: 'Publish a page, report or data file for a while, and print its address',
    args: {
      file,
      mime: {
        type: 'string',
        valueHint: 'TYPE',
        description: 'Its media type, such as text/html. Default: by its name',
      },
      title: { type: 'string', description: 'What there is to be seen. Default: its name' },
      ttl: { type: 'string', valueHint: 'TIME', description: 'Seconds, or 12h, 7d; at most 90d. Default: a week' },
      target: {
        type: 'string',
        valueHint: 'CHANNEL',
        description:
          'Where it is shown; a person’s is otherwise theirs alone, an agent’s is in the conversation of its run',
      },
      name: { type: 'string', description: 'What it is called there. Default: as here' },
    },
    examples,
    notes: [
      'HTML is shown as a page in a sandbox: it has to hold its styles, scripts and pictures itself. JSON: the artifact as the API has it, with “url”.',
    ],
    run: async ({ args, out, connect }) => {
      const ttl = args.ttl === undefined ? undefined : ttlSeconds(args.ttl)
      const connection = await connect()
      const artifact = await publishFile(connection, args.file, {
        title: args.title,
        mime: args.mime,
        name: args.name,
        ttl,
        target: args.target === undefined ? undefined : await findTarget(connection, args.target),
      })
      out.show(artifact, () => artifact.url)
    },
  })

const list = command({
  name: 'list',
  description: 'What is published that you may see, newest first',
  args: {
    target: { type: 'string', valueHint: 'CHANNEL', description: 'Of one channel' },
    limit: { type: 'string', default: '50', description: 'How many' },
    cursor: { type: 'string', description: 'Go on from “nextCursor”' },
  },
  examples: ['nekode artifacts', 'nekode artifacts list --target general --json'],
  notes: ['JSON: a page {"items", "nextCursor"?} of artifacts.'],
  run: async ({ args, out, connect }) => {
    const limit = whole('limit', args.limit, 1, 200)
    const connection = await connect()
    const page = await connection.call('GET /api/artifacts', {
      query: {
        limit,
        ...(args.target === undefined ? {} : { target: await findTarget(connection, args.target) }),
        ...(args.cursor === undefined ? {} : { cursor: args.cursor }),
      },
    })
    out.list(
      page,
      [
        { title: 'id', text: (a) => a.id },
        { title: 'kind', text: (a) => a.kind },
        { title: 'size', text: (a) => sizeText(a.sizeBytes) },
        { title: 'where', text: (a) => a.target ?? '(you)' },
        { title: 'by', text: (a) => `@${a.owner.name}`, style: () => 'cyan' },
        { title: 'until', text: (a) => `${new Date(a.expiresAt).toISOString().slice(0, 16)}Z` },
        { title: 'title', text: (a) => oneLine(a.title) },
      ],
      'Nothing is published. Publish a file: nekode artifacts publish FILE --target general',
    )
  },
})

const revoke = command({
  name: 'revoke',
  description: 'Take an artifact back before its time',
  args: { id: { type: 'positional', required: true, description: 'Its id, att_…, as “nekode artifacts” shows it' } },
  examples: ['nekode artifacts revoke att_0198c2f4a1b27c3e9d5f60718293a4b5'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const answer = await call('POST /api/artifacts/{id}/revoke', { params: { id: args.id } })
    out.show(answer, () => `${args.id} is taken back.`)
  },
})

const link = command({
  name: 'link',
  description: 'Print an address that shows an artifact in a browser without a login, for ten minutes',
  args: { id: { type: 'positional', required: true, description: 'Its id, att_…' } },
  examples: ['xdg-open "$(nekode artifacts link att_0198c2f4a1b27c3e9d5f60718293a4b5)"'],
  notes: ['JSON: {"url", "expiresAt"}.'],
  run: async ({ args, out, connect }) => {
    const { call } = await connect()
    const found = await call('POST /api/artifacts/{id}/link', { params: { id: args.id } })
    out.show(found, () => found.url)
  },
})

export const artifacts = group({
  name: 'artifacts',
  description: 'Pages, reports and files that are published for a while',
  examples: ['nekode artifacts', 'nekode artifacts publish report.html --target general --title "Figures"'],
  default: 'list',
  subCommands: {
    list,
    publish: publishing('publish', [
      'nekode artifacts publish report.html --target general --title "Figures" --ttl 7d',
      'nekode artifacts publish data.json --ttl 3600',
    ]),
    link,
    revoke,
  },
})

/** As a daemon's users know it. */
export const http = group({
  name: 'http',
  description: 'Files that people look at in a browser',
  examples: ['nekode-daemon http file report.html --title "Figures" --target general'],
  subCommands: {
    file: publishing('file', [
      'nekode-daemon http file report.html --mime text/html --title "Figures" --target general',
      'nekode-daemon http file data.json --ttl 3600',
    ]),
  },
})
