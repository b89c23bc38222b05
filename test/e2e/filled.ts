import type { Agent } from '@shared/contract'
import { startConsole } from './browser'
import { type Caller, type Place, type ServerUnderTest, eventually, makeScriptedAgent } from './harness'
import { script } from '../fixtures/model/script'

export const PASSWORD = 'correct horse battery'

/** A server as it is after a week of work, and the names of what is on it. */
export interface Filled {
  server: ServerUnderTest
  admin: Caller
  /** A member. */
  grace: Caller
  graceId: string
  /** The demo agent: one run is done, one waits for a permission. */
  scout: Agent
  /** An agent that follows a script. */
  builder: Agent
  computerId: string
  runId: string
  /** In progress, with parts, comments, a gate and evidence. */
  taskId: string
  /** Of a message with replies in #general. */
  threadId: string
  decisionId: string
  endpointId: string
  reminderId: string
}

const LONG = `## What changed

The **release** waits for two things, see [the plan](https://example.org/plan):

1. the migration on \`main\`
2. a look at the *figures*

| figure | before | after |
|---|---|---|
| first paint | 0.9 s | 0.4 s |
| memory | 120 MB | 76 MB |

> Nothing is as permanent as a temporary fix.

\`\`\`ts
export const add = (a: number, b: number): number => a + b
\`\`\`
`

/** A small picture: 2 × 2 pixels. */
const PIXELS =
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAYAAABytg0kAAAAFklEQVR4nGP4z8DwHwgZGP7/Z2D4DwAt+Qb5cXZQ1wAAAABJRU5ErkJggg=='

/** A server with its console, its own computer, and something of everything. */
export async function fill(place: Place): Promise<Filled> {
  const server = await startConsole(place)
  const admin = await server.admin()
  const { id: graceId } = await admin.call('POST /api/users', {
    body: { username: 'grace', displayName: 'Grace Hopper', password: PASSWORD },
  })
  const viewer = { username: 'vera', displayName: 'Vera Rubin', password: PASSWORD, role: 'viewer' } as const
  await admin.call('POST /api/users', { body: viewer })
  const grace = await server.login('grace', PASSWORD)
  await channels(admin)
  const computerId = await ownComputer(admin)
  const scout = await admin.call('POST /api/agents', {
    body: {
      name: 'scout',
      displayName: 'Scout',
      description: 'Looks around and says what it saw.',
      computerId,
      runtimeKind: 'demo',
      instructions: 'Be brief.',
      env: [{ name: 'API_KEY', value: 'not shown to anybody', secret: true }],
    },
  })
  const builder = await makeScriptedAgent(server, { name: 'builder', computerId })
  const threadId = await talk(admin, grace)
  const runs = await work(admin)
  const taskId = await tasks(admin, graceId)
  const rest = await others(admin, grace, scout)
  return { server, admin, grace, graceId, scout, builder, computerId, threadId, taskId, ...runs, ...rest }
}

async function channels({ call }: Caller): Promise<void> {
  await call('PATCH /api/channels/{target}', {
    params: { target: '#general' },
    body: { topic: 'Everything that concerns everybody' },
  })
  for (const name of ['design', 'release', 'a-channel-with-a-name-that-is-quite-a-bit-longer'])
    await call('POST /api/channels', { body: { name, topic: `All about ${name}` } })
  await call('POST /api/channels', { body: { name: 'board-room', visibility: 'private' } })
}

async function ownComputer({ call }: Caller): Promise<string> {
  const found = await eventually(
    async () =>
      (await call('GET /api/computers')).items.find(
        ({ status, runtimes }) => status === 'online' && runtimes.some(({ kind }) => kind === 'demo'),
      ),
    { what: 'this computer is online with its runtimes' },
  )
  return found.id
}

/** Messages of every kind. @returns the first message of a thread */
async function talk(admin: Caller, grace: Caller): Promise<string> {
  const say = async (by: Caller, content: string, more: { threadId?: string; attachmentIds?: string[] } = {}) =>
    (await by.call('POST /api/messages', { body: { target: '#general', content, ...more } })).message.id
  const first = await say(grace, 'Good morning! What is left for the release?')
  await say(admin, LONG, { threadId: first })
  await say(grace, 'Thank you, I look at the migration.', { threadId: first })
  await say(admin, LONG)
  for (const kind of ['decision', 'blocker', 'status'] as const)
    await grace.call('POST /api/messages', {
      body: { target: '#general', kind, content: `A message that is a **${kind}**.` },
    })
  const picture = await upload(grace, 'screen.png', Buffer.from(PIXELS, 'base64'))
  const notes = await upload(grace, 'notes-of-the-meeting.md', Buffer.from('# Notes\n\n- nothing\n'))
  await say(grace, 'Two files:', { attachmentIds: [picture, notes] })
  const edited = await say(grace, 'It is tuesday.')
  await grace.call('PATCH /api/messages/{id}', { params: { id: edited }, body: { content: 'It is Tuesday, @admin.' } })
  const deleted = await say(grace, 'Not for everybody.')
  await grace.call('DELETE /api/messages/{id}', { params: { id: deleted } })
  for (const emoji of ['👍', '🎉'])
    for (const by of [admin, grace])
      await by.call('PUT /api/messages/{id}/reactions/{emoji}', { params: { id: first, emoji } })
  await admin.call('PUT /api/messages/{id}/pin', { params: { id: first } })
  await admin.call('POST /api/messages/{id}/save', { params: { id: edited } })
  await say(grace, `${'A very long line without a single space:'}${'abcdefghij'.repeat(30)}`)
  await grace.call('POST /api/messages', { body: { target: '#release', content: '@admin may we ship?' } })
  return first
}

async function upload({ fetch }: Caller, name: string, bytes: Buffer): Promise<string> {
  const form = new FormData()
  form.set('target', '#general')
  form.set('file', new File([new Uint8Array(bytes)], name))
  const response = await fetch('/api/attachments', { method: 'POST', body: form })
  if (!response.ok) throw new Error(`the upload was refused: ${await response.text()}`)
  const { id }: { id: string } = await response.json()
  return id
}

/** One run of each kind. @returns the one that is done */
async function work({ call }: Caller): Promise<{ runId: string }> {
  const ask = async (content: string) =>
    (await call('POST /api/messages', { body: { target: '#general', content } })).deliveries[0]?.id ?? ''
  const run = async (delivery: string, states: string[]) =>
    eventually(
      async () => {
        const { items } = await call('GET /api/runs', { query: { limit: 50 } })
        return items.find(({ deliveryId, state }) => deliveryId === delivery && states.includes(state))
      },
      { what: `the run is ${states.join(' or ')}`, seconds: 60 },
    )
  const failed = await ask('@builder try what cannot work')
  const built = await ask(
    `@builder build it ${script([
      { think: 'First a look at what is there.' },
      { tool: 'shell', input: { command: 'printf "one\\ntwo\\n" && ls -a' } },
      { say: 'It is built. `two` files, **no** errors.' },
    ])}`,
  )
  await run(failed, ['completed', 'failed'])
  await run(built, ['completed', 'failed'])
  const waiting = await ask('@scout what do you see?')
  const { id } = await run(waiting, ['waiting_approval'])
  const { items } = await call('GET /api/approvals', { query: { state: 'pending' } })
  const approval = items.find(({ runId }) => runId === id)
  await call('POST /api/approvals/{id}/decision', { params: { id: approval?.id ?? '' }, body: { allow: true } })
  await run(waiting, ['completed'])
  await run(await ask('@scout and now?'), ['waiting_approval'])
  return { runId: id }
}

/** A board with something in every column. @returns a task with everything that a task can have */
async function tasks({ call }: Caller, graceId: string): Promise<string> {
  const day = 86_400_000
  const { rootId } = await call('POST /api/tasks/graph', {
    body: {
      target: '#general',
      root: { ref: 'root', summary: 'Ship version 1.0', priority: 'urgent', labels: ['release'], description: LONG },
      subtasks: [
        { ref: 'build', summary: 'Build the executables for every system', assigneeId: graceId, labels: ['build'] },
        { ref: 'check', summary: 'Check the figures', priority: 'high', dueAt: Date.now() + day },
        { ref: 'tell', summary: 'Tell everybody about it in a post that says what is new and why', priority: 'low' },
      ],
      edges: [
        { from: 'build', to: 'check', kind: 'blocks' },
        { from: 'check', to: 'tell', kind: 'blocks' },
      ],
    },
  })
  const more = { target: '#general', labels: ['design'] }
  await call('POST /api/tasks', { body: { ...more, summary: 'Draw the icon', state: 'done' } })
  await call('POST /api/tasks', { body: { ...more, summary: 'Choose a colour', state: 'canceled' } })
  const blocked = { summary: 'Buy the domain', state: 'blocked', blockedReason: 'The card has expired.' } as const
  await call('POST /api/tasks', { body: { ...more, ...blocked, dueAt: Date.now() - day, priority: 'medium' } })
  const { id } = await call('POST /api/tasks', {
    body: { ...more, summary: 'Write the release notes', state: 'in_progress', assigneeId: graceId },
  })
  await call('PATCH /api/tasks/{id}', { params: { id }, body: { state: 'in_review' } })
  await call('POST /api/tasks/{id}/comments', { params: { id: rootId }, body: { content: 'Nearly **there**.' } })
  await call('PUT /api/tasks/{id}/gate', { params: { id: rootId }, body: { requiredChecks: ['tests', 'review'] } })
  await call('POST /api/tasks/{id}/evidence', {
    params: { id: rootId },
    body: {
      summary: 'All tests passed.',
      checks: [{ name: 'tests', kind: 'test', status: 'passed', command: 'bun run test' }],
    },
  })
  return rootId
}

async function others(admin: Caller, grace: Caller, scout: Agent) {
  const { call } = admin
  const body = { title: 'Ship on Friday', body: 'With what is on `main`.', quorum: 2 }
  const { id: decisionId } = await call('POST /api/channels/{target}/decisions', {
    params: { target: '#general' },
    body,
  })
  await call('POST /api/decisions/{id}/vote', {
    params: { id: decisionId },
    body: { decision: 'approve', reason: 'It is ready.' },
  })
  const { id: reminderId } = await call('POST /api/reminders', {
    body: { target: '#general', title: 'Stand-up', schedule: '0 9 * * 1-5', scheduleKind: 'cron' },
  })
  await call('POST /api/reminders', { body: { target: '#release', title: 'Look at the build', delaySeconds: 7200 } })
  const { id: endpointId } = await call('POST /api/interaction-endpoints', {
    body: {
      provider: 'webhook',
      displayName: 'Build server',
      target: '#general',
      inboundEnabled: true,
      outboundEnabled: true,
      config: { url: 'https://example.org/hook' },
    },
  })
  await call('POST /api/notification-routes', { body: { target: '#general', endpointId, eventKind: 'mention' } })
  await call('PUT /api/agents/{id}/memory', {
    params: { id: scout.id },
    body: {
      path: 'notes/people.md',
      title: 'People',
      content: '# People\n\n- Grace',
      tags: ['team'],
      expectedVersion: 0,
    },
  })
  const dm = await grace.call('POST /api/dms', {
    body: { kind: 'human', memberId: (await call('GET /api/auth/me')).id },
  })
  await grace.call('POST /api/messages', { body: { target: dm.target, content: 'A word between us?' } })
  for (const [by, query, content] of [
    [admin, 'target=general&filename=figures.html&title=Figures%20of%20October&ttl=604800', '<h1>Figures</h1>'],
    [grace, 'filename=notes.md&title=Notes&ttl=7776000', '# Notes'],
    [admin, `filename=${'long-name-'.repeat(20)}.csv&title=${'A%20title%20of%20many%20words%20'.repeat(7)}`, 'a,b'],
  ] as const)
    await by.fetch(`/api/artifacts?${query}`, { method: 'POST', body: content })
  await call('POST /api/tokens', { body: { name: 'ci', scopes: ['read'] } })
  await call('POST /api/invites', { body: { note: 'For the new colleague', channels: ['#general'] } })
  return { decisionId, reminderId, endpointId }
}
