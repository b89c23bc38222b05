import { Database as Sqlite } from 'bun:sqlite'
import { afterAll, beforeAll, expect, spyOn, test } from 'bun:test'
import { UNREAD_COUNTED } from '@shared/limits'
import { type World, createWorld } from '../../test/fixtures/world'
import type { AgentPrincipal, UserPrincipal } from '../access/principal'
import type { Database } from '../db/database'
import { migrate } from '../db/migrate'
import { openDatabase } from '../db/open'

let world: World
let ada: UserPrincipal
let bob: UserPrincipal
let robot: AgentPrincipal
/** The same schema, for asking SQLite what it would do. */
let planner: Database

beforeAll(async () => {
  planner = await openDatabase('sqlite::memory:', {})
  await migrate(planner)
  world = await createWorld()
  ada = await world.user('ada', 'owner')
  bob = await world.user('bob')
  robot = await world.agent(ada, await world.computer(), 'robot')
  for (const name of ['two', 'three', 'four']) {
    const { target } = await world.talk.channels.create(ada, { name })
    await world.talk.channels.addMember(ada, target, { kind: 'agent', memberId: robot.id })
  }
  for (const content of ['one', '@bob two', '@robot three'])
    await world.talk.messages.post(ada, { target: '#general', content })
})
afterAll(async () => {
  await world.close()
  await planner.close()
})

/** The statements that SQLite is given while something is done. */
async function statements(work: () => Promise<unknown>): Promise<string[]> {
  const spy = spyOn(Sqlite.prototype, 'prepare')
  try {
    await work()
    return [...new Set(spy.mock.calls.map(([text]) => text))]
  } finally {
    spy.mockRestore()
  }
}

/** Tables that grow with what people and agents do. */
const GROWING =
  'threads|thread_follows|inbox|saved_messages|drafts|pins|message_edits|prompt_messages|messages|mentions|events|deliveries|runs|run_steps|approvals|activities|operations|audit|archive_events'

const asked: [what: string, work: () => Promise<unknown>][] = [
  ['the snapshot of a page', () => world.talk.snapshots.take(bob)],
  ['the list of channels', () => world.talk.channels.list(bob)],
  ['one channel', () => world.talk.channels.get(bob, '#general')],
  ['a page of messages', () => world.talk.messages.list(bob, { target: '#general', limit: 50 })],
  [
    'a mark of what was read',
    async () => {
      const { items } = await world.talk.messages.list(bob, { target: '#general', limit: 1 })
      await world.talk.channels.markRead(bob, '#general', items[0]!.id)
    },
  ],
  ['an inbox', () => world.talk.inbox.list(bob, {})],
  ['what is left of an inbox', () => world.talk.inbox.markAll(bob, { state: 'read' })],
  ['threads', () => world.talk.threads.list(bob, {})],
  ['threads of a channel', () => world.talk.threads.list(bob, { target: '#general' })],
  ['threads that are followed', () => world.talk.threads.list(bob, { followed: true })],
  ['what is saved', () => world.talk.saved.list(bob, {})],
  ['drafts', () => world.talk.drafts.list(bob)],
  ['what is pinned', () => world.talk.messages.marks.pins(bob, '#general')],
  [
    'what a reply concerns',
    async () => {
      const { message } = await world.talk.messages.post(bob, { target: '#general', content: '@ada a thread' })
      const reply = { target: '#general', content: '@bob a reply', threadId: message.id }
      await world.talk.messages.post(ada, reply)
    },
  ],
  [
    'what repeats a message that is deleted',
    async () => {
      const { message } = await world.talk.messages.post(bob, { target: '#general', content: '@robot gone' })
      await world.talk.messages.editing.edit(bob, message.id, '@robot @ada gone')
      await world.talk.messages.editing.delete(bob, message.id)
    },
  ],
  ['what computers do', () => world.talk.archive.list(bob, { limit: 50 })],
  ['requests that wait', () => world.talk.approvals.list(bob, { state: 'pending', limit: 50 })],
]

/** What is asked for with each message or each look, however many runs and deliveries there have been. */
const bounded: [what: string, index: string, work: () => Promise<unknown>][] = [
  [
    'what an agent is at',
    'runs_active',
    () => world.talk.messages.post(robot, { target: '#general', content: 'done' }),
  ],
  ['runs of an agent', 'runs_of', () => world.talk.runs.list(bob, { agentId: robot.id })],
  ['runs that go on', 'runs_(active|lease)', () => world.talk.runs.list(bob, { agentId: robot.id, state: 'running' })],
  ['deliveries of an agent', 'deliveries_of', () => world.talk.deliveries.list(robot, { agentId: robot.id })],
  ['what waits for an answer', 'deliveries_state', () => world.talk.deliveries.list(bob, { state: 'pending' })],
  ['what an agent owes', 'deliveries_agent', () => world.talk.agentInbox.list(robot, {})],
  [
    'whom a thread has asked',
    'deliveries_thread',
    async () => {
      const { items } = await world.talk.messages.list(bob, { target: '#general', limit: 1 })
      await world.talk.messages.post(bob, { target: '#general', content: 'and?', threadId: items[0]!.id })
    },
  ],
  ['archives', 'archives_channel', () => world.talk.archive.list(bob, { limit: 50 })],
]

test.each(bounded)('%s: they are looked up in an index of their own', async (_, index, work) => {
  const texts = (await statements(work)).filter((text) => /^\s*select/i.test(text))
  const steps: string[] = []
  for (const text of texts) {
    const params = Array.from(text.matchAll(/\?/g), () => 1)
    const plan = await planner.raw(`explain query plan ${text}`, params)
    steps.push(...plan.map((row) => String(row.detail)))
  }
  expect(steps.filter((step) => new RegExp(` ${index} \\(`).test(step))).not.toEqual([])
})

test.each(asked)('%s is found by indexes alone', async (_, work) => {
  const texts = (await statements(work)).filter((text) => /^\s*(select|update|delete)/i.test(text))
  expect(texts.length).toBeGreaterThan(0)
  for (const text of texts) {
    const params = Array.from(text.matchAll(/\?/g), () => 1)
    const plan = await planner.raw(`explain query plan ${text}`, params)
    const steps = plan.map((row) => String(row.detail))
    const scans = steps.filter((step) => new RegExp(`^SCAN (${GROWING}|m|t)\\b`).test(step))
    // A few rows may be put in order; a page out of many must be read in order.
    const sorted = /from "(messages|events)".* limit \?/.test(text)
      ? steps.filter((step) => step.startsWith('USE TEMP B-TREE'))
      : []
    expect({ text, scans, sorted }).toEqual({ text, scans: [], sorted: [] })
  }
})

test('what nobody has read is counted up to a number, and others’ messages only', async () => {
  const { target } = await world.talk.channels.create(ada, { name: 'busy' })
  await world.talk.channels.join(bob, target)
  const post = (p: UserPrincipal, content: string) => world.talk.messages.post(p, { target, content })
  for (let i = 0; i < UNREAD_COUNTED + 5; i++) await post(ada, `@bob ${i}`)
  expect(await world.talk.channels.get(bob, target)).toMatchObject({
    unreadCount: UNREAD_COUNTED,
    mentionCount: UNREAD_COUNTED,
  })
  for (let i = 0; i < 5; i++) await post(bob, `mine ${i}`)
  expect(await world.talk.channels.get(bob, target)).toMatchObject({ unreadCount: UNREAD_COUNTED - 5 })
  const { message } = await post(bob, 'the last')
  expect(await world.talk.channels.markRead(bob, target, message.id)).toMatchObject({ unreadCount: 0, mentionCount: 0 })
  await post(ada, 'one more')
  expect(await world.talk.channels.get(bob, target)).toMatchObject({ unreadCount: 1, mentionCount: 0 })
})
