import { type Approval, type Run, RunState } from '@shared/contract'
import { formatDuration } from '@shared/duration'
import type { Connection } from './account'
import { answers, wish } from './approvals'
import { type Context, command, group } from './command'
import { Exit, type ExitCode } from './exit'
import { follow } from './follow'
import { findAgent, findTarget, loadNames } from './names'
import { costText, failureText, isOver, runStyle } from './show'
import { type Shown, StepPrinter, stepText } from './steps'
import { fields } from './table'
import { oneOf, whole } from './values'

const list = command({
  name: 'list',
  description: 'What agents did and do, newest first',
  args: {
    agent: { type: 'string', description: 'Only of this agent' },
    target: { type: 'string', description: 'Only in this channel or direct conversation' },
    state: { type: 'string', description: RunState.options.join(', ') },
    limit: { type: 'string', default: '20', description: 'How many' },
    cursor: { type: 'string', description: 'Go on after an earlier page: its nextCursor' },
  },
  examples: ['nekode runs', 'nekode runs list --agent coder --state failed --json'],
  notes: ['JSON: a page {"items", "nextCursor"?} of runs.'],
  run: async ({ args, out, connect }) => {
    const limit = whole('limit', args.limit, 1, 200)
    const state = args.state === undefined ? undefined : oneOf('--state', args.state, RunState.options)
    const connection = await connect()
    const names = await loadNames(connection)
    const query = {
      limit,
      ...(state === undefined ? {} : { state }),
      ...(args.agent === undefined ? {} : { agentId: (await findAgent(connection, args.agent)).id }),
      ...(args.target === undefined ? {} : { target: await findTarget(connection, args.target) }),
      ...(args.cursor === undefined ? {} : { cursor: args.cursor }),
    }
    out.list(
      await connection.call('GET /api/runs', { query }),
      [
        { title: 'id', text: (r) => r.id },
        { title: 'agent', text: (r) => names.agent(r.agentId), style: () => 'cyan' },
        { title: 'where', text: (r) => r.target },
        { title: 'state', text: (r) => r.state, style: runStyle },
        { title: 'begun', text: (r) => out.ago(r.createdAt) },
        { title: 'took', text: (r) => took(r, out.host.now()) },
        { title: 'cost', text: (r) => costText(r.costUsd) },
        { title: 'what', text: (r) => (r.failure ? `${r.failure.reason}: ${r.failure.message}` : r.summary) },
      ],
      'There are no runs.',
    )
  },
})

const took = (r: Run, now: number): string =>
  r.startedAt === null ? '' : formatDuration((r.completedAt ?? now) - r.startedAt)

const showArgs = {
  id: { type: 'positional', required: true, description: 'The run: run_…' },
  cursor: { type: 'string', description: 'Go on after an earlier page of steps: its nextCursor' },
  follow: { type: 'boolean', alias: 'f', description: 'Go on until the run is over' },
} as const

const show = command({
  name: 'show',
  description: 'One run with its steps',
  args: showArgs,
  examples: ['nekode runs show run_0198c2f4a1b27c3e9d5f60718293a4b5 --follow'],
  notes: [
    'With --follow the exit code is 0 when the run completed, and 1 when it failed or was canceled.',
    'JSON: {"run", "approvals", "steps", "nextCursor"?}: a page of the steps, up to 200 of them and 2 MiB; --cursor gives the next. People are shown all of them. "approvals" has the latest permission requests. With --follow: a line each, {"type": "run" | "step" | "approval", and the thing under that name}; a step comes again as it grows, and a text that streams comes in pieces with their offset.',
  ],
  run: async (context) => {
    const { args, out } = context
    const connection = await context.connect()
    if (args.follow) return followRun(context, connection)
    const [found, names] = await Promise.all([
      connection.call('GET /api/runs/{id}', { params: { id: args.id } }),
      loadNames(connection),
    ])
    const pages = stepPages(connection, args.id, args.cursor)
    if (out.json) {
      const { value: first } = await pages.next()
      const { items: steps = [], nextCursor } = first ?? {}
      out.show({ ...found, steps, ...(nextCursor === undefined ? {} : { nextCursor }) }, () => '')
      return Exit.ok
    }
    out.line(runText(context, found.run, names.agent))
    for await (const { items, removed } of pages) {
      for (const step of items) out.line(stepText(step, out))
      if (removed && items.length === 0) out.note('The steps were removed: the server keeps them for a limited time.')
    }
    for (const approval of found.approvals) if (approval.state === 'pending') out.line(out.tell(approvalText(approval)))
    return Exit.ok
  },
})

/** The steps of a run in their order, page by page: all of them at once might not fit into the memory. */
async function* stepPages(connection: Connection, id: string, from?: string) {
  let cursor = from
  do {
    const query = { limit: 200, ...(cursor === undefined ? {} : { cursor }) }
    const page = await connection.call('GET /api/runs/{id}/steps', { params: { id }, query })
    yield page
    cursor = page.nextCursor
  } while (cursor !== undefined)
}
type ShowContext = Context<typeof showArgs>

function runText({ out, host }: ShowContext, r: Run, agentName: (id: string) => string): string {
  const { usage } = r
  const input = usage === null ? 0 : usage.input + usage.cacheRead + usage.cacheWrite
  return `${fields(
    [
      ['run', r.id],
      ['agent', agentName(r.agentId)],
      ['where', r.threadId === null ? r.target : `${r.target} ${r.threadId}`],
      ['state', `${r.state}${r.attempt > 1 ? `, attempt ${r.attempt} of ${r.maxAttempts}` : ''}`],
      ['failure', r.failure === null ? '' : failureText(r.failure)],
      ['begun', out.ago(r.createdAt)],
      ['took', took(r, host.now())],
      ['tokens', usage === null ? '' : `${input} in, ${usage.output} out`],
      ['cost', costText(r.costUsd)],
    ],
    out.paint,
  )}\n`
}

const approvalText = (a: Approval): string => `waits for permission: ${wish(a)}\n${answers(a)}`

async function followRun(context: ShowContext, connection: Connection): Promise<ExitCode> {
  const { args, host, out } = context
  const names = await loadNames(connection)
  const printer = new StepPrinter(out)
  let run: Run | undefined
  const shown = (item: Shown): void => {
    if (item.type !== 'run') return printer.print(item)
    if (run && run.updatedAt > item.run.updatedAt) return
    if (run?.state !== item.run.state || out.json) {
      printer.endLine()
      out.item(item, () => runLine(item.run, run, context, names.agent))
    }
    run = item.run
  }
  const { run: first } = await connection.call('GET /api/runs/{id}', { params: { id: args.id } })
  for await (const item of follow(connection, { target: first.target, signal: host.interrupted(), out })) {
    if (item.type === 'open') {
      if (item.resumed) continue
      const now = await connection.call('GET /api/runs/{id}', { params: { id: args.id } })
      if (!isOver(now.run.state)) shown({ type: 'run', run: now.run })
      for await (const { items } of stepPages(connection, args.id))
        for (const step of items) shown({ type: 'step', step })
      for (const approval of now.approvals) shown({ type: 'approval', approval })
      // What a run did comes before its end.
      if (isOver(now.run.state)) shown({ type: 'run', run: now.run })
    } else if (item.event.kind === 'run' && item.event.payload.id === args.id)
      shown({ type: 'run', run: item.event.payload })
    else if (item.event.kind === 'run_step' && item.event.payload.runId === args.id)
      shown({ type: 'step', step: item.event.payload })
    else if (item.event.kind === 'approval' && item.event.payload.runId === args.id)
      shown({ type: 'approval', approval: item.event.payload })
    if (run && isOver(run.state)) return run.state === 'completed' ? Exit.ok : Exit.failed
  }
  return Exit.interrupted
}

function runLine(run: Run, before: Run | undefined, context: ShowContext, agentName: (id: string) => string): string {
  const { out } = context
  if (before === undefined && !isOver(run.state))
    return `${agentName(run.agentId)} ${out.paint(runStyle(run), run.state)}`
  if (run.failure !== null) return `${out.paint('red', run.state)}: ${failureText(run.failure)}`
  return out.paint(runStyle(run), run.state)
}

export const runs = group({
  name: 'runs',
  description: 'What agents did and do',
  examples: ['nekode runs', 'nekode runs show run_0198c2f4a1b27c3e9d5f60718293a4b5 --follow'],
  default: 'list',
  subCommands: { list, show },
})
