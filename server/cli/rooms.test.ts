import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { connection } from '@shared/cli/account'
import type { Speaker } from '@shared/cli/program'
import { rooms } from '@shared/cli/rooms'
import { TestHost } from '@shared/cli/testing'
import { type Caller, type TestServer, startTestServer } from '../testing'
import { commands } from './commands'

let server: TestServer
let ann: Caller
let coder: Caller & { name: string }
/** Whom the next command speaks as. */
let speaking: 'ann' | 'coder'
beforeAll(async () => {
  server = await startTestServer()
  ann = await server.as('owner', 'owner')
  coder = { ...(await server.agent({ name: 'coder' })), name: 'coder' }
  await server.agent({ name: 'reviewer' })
})
afterAll(() => server.stop())

/** As `nekode-daemon` has it: commands that know rooms, for people and for agents. */
const speaker: Speaker = {
  args: {},
  connect: async () =>
    speaking === 'ann'
      ? connection(server.url, ann.token)
      : { ...connection(server.url, coder.token), self: coder, computerId: 'cmp_own' },
}
const program = { name: 'test', version: '', description: '', examples: [], commands: { ...commands, rooms }, speaker }
let host: TestHost
beforeEach(() => {
  host = new TestHost(program)
  speaking = 'ann'
})
afterEach(() => host.remove())

/** A command that has to succeed, with what it says to programs. */
async function ok(...argv: string[]) {
  expect([await host.run(...argv, '--json'), host.stderr]).toEqual([0, ''])
  return host.json()
}
const contents = ({ items }: { items: { content: string }[] }) => items.map(({ content }) => content)

describe('messages by the words of programs', () => {
  test('are sent to a room with mentions, and answered in the thread of any message of it', async () => {
    const first = await ok('send', '--room', 'general', '--mention', 'coder', '--mention', '@reviewer', 'one')
    expect(first.message.content).toBe('@coder @reviewer one')
    expect(first.deliveries).toHaveLength(2)
    const reply = await ok('send', '--chat', 'general', '--parent', first.message.id, 'two')
    expect(reply.message.threadId).toBe(first.message.id)
    const deeper = await ok('send', '--parent', reply.message.id, 'general', 'three')
    expect(deeper.message.threadId).toBe(first.message.id)
    expect(await host.run('send', 'general', 'x', '--parent', 'msg_1', '--thread', 'msg_1')).toBe(2)
  })

  test('are listed from one on, of a topic, by words, and shown one by one', async () => {
    await ok('channels', 'create', 'talk')
    const { message } = await ok('send', 'talk', 'zebra one')
    for (const text of ['two', 'three']) await ok('send', 'talk', text)
    expect(contents(await ok('messages', 'list', '--room', 'talk', '--after', message.id))).toEqual(['two', 'three'])
    expect(contents(await ok('messages', 'list', 'talk', '--after', '0', '--limit', '2'))).toEqual(['zebra one', 'two'])
    expect(contents(await ok('messages', 'talk', '--q', 'zebra'))).toEqual(['zebra one'])
    const topic = await ok('topics', 'create', '--room', 'talk', 'Investigation', 'have a look')
    expect(topic.number).toBe(1)
    expect(contents(await ok('messages', 'talk', '--topic', '1'))).toEqual(['**Investigation**\n\nhave a look'])
    const shown = await ok('messages', 'show', message.id)
    expect(shown.message.content).toBe('zebra one')
    expect(await host.run('messages', 'show', message.id)).toBe(0)
    expect(host.stdout).toContain('  zebra one')
    for (const words of [
      ['--q', 'x', '--after', '0'],
      ['--topic', '1', '--thread', 'msg_1'],
      ['--q', 'x', '--topic', '1'],
      ['--topic', 'one'],
    ])
      expect([words, await host.run('messages', 'talk', ...words)]).toEqual([words, 2])
    expect(await host.run('messages', 'talk', '--topic', '9')).toBe(4)
  })
})

describe('rooms', () => {
  test('are listed with who is in them, and agents are brought in', async () => {
    await ok('channels', 'create', 'ops')
    expect((await ok('rooms')).items.map((room: { target: string }) => room.target)).toContain('#ops')
    expect(await ok('rooms', 'invite', '--room', 'ops', '--agent', 'coder', '--mode', 'all')).toMatchObject({
      name: 'coder',
      deliveryMode: 'all',
    })
    expect(await ok('rooms', 'invite', '#ops', '@coder', '--mode', 'mentions')).toMatchObject({
      deliveryMode: 'mentions',
    })
    const { items } = await ok('rooms', 'members', '--room', 'ops')
    expect(items.map((member: { name: string }) => member.name).toSorted()).toEqual(['coder', 'owner'])
    expect(await host.run('rooms', 'members', 'ops')).toBe(0)
    expect(host.stdout).toMatch(/@coder +agent +member +mentions/)
    expect(await host.run('rooms', 'invite', 'ops', 'nobody')).not.toBe(0)
    expect(await host.run('rooms', 'invite', 'ops', 'coder', '--mode', 'loudly')).toBe(2)
  })

  test('what an agent is at there is started once more, and its process when it is at nothing', async () => {
    await ok('channels', 'create', 'calm')
    await ok('rooms', 'invite', 'calm', 'coder')
    const restart = ['rooms', 'restart-agent', '--room', 'calm', '--agent', 'coder']
    expect(await ok(...restart)).toMatchObject({ run: null, operationId: expect.any(String) })
    await ok('send', 'calm', '@coder go')
    expect(await ok(...restart)).toMatchObject({ run: { target: '#calm' }, operationId: null })
  })

  test('two agents debate in one', async () => {
    const words = ['--chat', 'general', '--a', 'coder', '--b', 'reviewer', '--turns', '2', 'Do we need a queue?']
    const { id } = await ok('debates', 'start', ...words)
    expect(await ok('debates', 'stop', id)).toMatchObject({ topic: 'Do we need a queue?', turns: 2 })
  })
})

describe('an agent', () => {
  beforeEach(() => {
    speaking = 'coder'
  })

  test('is who it is', async () => {
    expect(await ok('whoami')).toMatchObject({ agent: { id: coder.id, name: 'coder' } })
  })

  test('sees what it owes an answer to, and says that it needs none', async () => {
    const { deliveries } = await ann.call('POST /api/messages', { body: { target: '#general', content: '@coder fyi' } })
    const id = deliveries[0]?.id ?? ''
    const { items } = await ok('inbox')
    expect(items[0]).toMatchObject({ delivery: { id }, message: { content: '@coder fyi' } })
    expect(await host.run('inbox')).toBe(0)
    expect(host.stdout).toContain('@owner: @coder fyi')
    expect(await host.run('inbox', '--unread')).toBe(2)
    expect(await ok('inbox', 'decline', id)).toMatchObject({ state: 'declined' })
    const ids = (page: { items: { delivery: { id: string } }[] }): string[] => page.items.map((one) => one.delivery.id)
    expect(ids(await ok('inbox'))).not.toContain(id)
    expect(ids(await ok('inbox', 'list', '--all'))).toContain(id)
  })

  test('leaves itself out of what it remembers', async () => {
    expect(await ok('memory', 'set', 'notes/a.md', 'first')).toMatchObject({ agentId: coder.id, content: 'first' })
    await Bun.write(`${host.home}/note`, 'second')
    expect(await ok('memory', 'set', 'notes/a.md', '--file', `${host.home}/note`)).toMatchObject({ version: 2 })
    expect(await ok('memory', 'set', '@coder', 'notes/a.md', 'third')).toMatchObject({ content: 'third' })
    expect(await ok('memory', 'show', 'notes/a.md')).toMatchObject({ content: 'third', version: 3 })
    for (const words of [['list'], ['search', 'third'], ['search', '@coder', 'third']])
      expect((await ok('memory', ...words)).items).toHaveLength(1)
    await ok('memory', 'remove', 'notes/a.md', '--yes')
    expect(await host.run('memory', 'show', 'notes/a.md')).toBe(4)
    expect(await host.run('memory', 'set', 'notes/a.md')).toBe(2)
  })

  test('writes to people where they have written to it, and takes tasks in hand and gives them back', async () => {
    await ann.call('POST /api/dms', { body: { kind: 'agent', memberId: coder.id } })
    const sent = await ok('send', '@owner', 'psst')
    expect(sent.message.target).toStartWith('dm:')
    const task = await ok('tasks', 'create', 'general', 'fix it')
    await ok('tasks', 'claim', String(task.number))
    expect(await ok('tasks', 'claim', String(task.number), '--release')).toMatchObject({ state: 'todo' })
  })

  test('cannot do what is for people', async () => {
    for (const words of [
      ['rooms', 'invite', 'general', 'reviewer'],
      ['channels', 'create', 'mine'],
      ['approvals'],
      ['debates', 'start', 'general', 'coder', 'reviewer', 'x'],
    ])
      expect([words, await host.run(...words)]).toEqual([words, 4])
  })
})

test('a person has to name the agent whose memory is meant', async () => {
  for (const words of [['list'], ['show', 'notes/a.md'], ['set', 'notes/a.md', 'x'], ['search', 'x']])
    expect([words, await host.run('memory', ...words)]).toEqual([words, 2])
})
