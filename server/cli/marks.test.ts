import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { type Caller, type TestServer, startTestServer } from '../testing'
import { writeAccount } from '@shared/cli/account'
import { TestHost } from './testing'

let server: TestServer
let host: TestHost
let ann: Caller
let bob: Caller

beforeAll(async () => {
  server = await startTestServer()
  ann = await server.as('owner', 'ann')
  bob = await server.as('member', 'bob')
})
afterAll(() => server.stop())
beforeEach(async () => {
  host = new TestHost()
  await writeAccount(host.env, { server: server.url, token: ann.token })
})
afterEach(() => host.remove())

/** A command that has to succeed, with what it says to programs. */
async function ok(...argv: string[]) {
  expect([await host.run(...argv, '--json'), host.stderr]).toEqual([0, ''])
  return host.json()
}

/** The same, with what it says to people. */
async function said(...argv: string[]): Promise<string> {
  expect([await host.run(...argv), host.stderr]).toEqual([0, ''])
  return host.stdout
}

const post = async (p: Caller, content: string, threadId?: string): Promise<string> => {
  const body = { target: '#general', content, ...(threadId === undefined ? {} : { threadId }) }
  return (await p.call('POST /api/messages', { body })).message.id
}

test('a message is edited, from an argument or from standard input, shown with its history, and deleted', async () => {
  const id = await post(ann, 'one')
  expect(await ok('edit', id, 'two')).toMatchObject({ message: { content: 'two' }, deliveries: [] })
  host.input = 'three\n'
  expect(await said('edit', id, '-')).toContain('three')
  expect(await ok('edit', id, '--history')).toMatchObject({ items: [{ content: 'one' }, { content: 'two' }] })
  expect(await said('edit', id, '--history')).toContain('  two')
  expect(await said('messages', 'general')).toMatch(/edited.*\n {2}three/)
  expect(await host.run('edit', id, '')).toBe(2)
  expect(await host.run('delete', id)).toBe(2)
  expect(host.stderr).toContain('--yes')
  expect(await said('delete', id, '--yes')).toBe(`Deleted ${id}.\n`)
  expect(await said('messages', 'general')).toContain('(deleted)')
  const others = await post(bob, 'bob’s')
  expect(await host.run('edit', others, 'mine')).toBe(4)
})

test('a message is reacted to, pinned and saved, and all of it taken back', async () => {
  const id = await post(bob, 'look at this')
  expect(await said('react', id, '👍')).toBe('👍 1\n')
  expect(await said('messages', 'general', '--limit', '1')).toContain('👍 1')
  expect(await said('react', id, '👍', '--remove')).toBe('Nobody reacts to it.\n')
  expect(await host.run('react', id, 'thumbs up')).toBe(2)
  expect(await said('pin', id)).toBe(`Pinned ${id} in #general.\n`)
  expect(await ok('pins', 'general')).toMatchObject({ items: [{ id, pinned: { by: { name: 'ann' } } }] })
  expect(await said('pins', 'general')).toContain('look at this')
  await ok('pin', id, '--remove')
  expect(await host.run('pins', 'general')).toBe(0)
  expect(host.stderr).toBe('Nothing is pinned.\n')
  expect(await said('save', id)).toBe(`Saved ${id} of #general.\n`)
  expect(await ok('saved', '--target', 'general')).toMatchObject({ items: [{ messageId: id }] })
  expect(await said('saved')).toContain('look at this')
  expect(await ok('save', id, '--remove')).toMatchObject({ removed: true })
  expect(await said('save', id, '--remove')).toBe('It was not saved.\n')
})

test('the inbox shows what waits, and lets go of it', async () => {
  const id = await post(bob, '@ann please\n\nlook')
  const [item] = (await ok('inbox', 'list', '--unread')).items
  expect(item).toMatchObject({ kind: 'mention', state: 'unread', messageId: id })
  expect(await said('inbox')).toMatch(/mention +#general +1 .*@bob: @ann please look/)
  expect(await said('inbox', 'read', item.id)).toBe(`${item.id} is read.\n`)
  expect((await ok('inbox', 'list', '--unread')).items).toEqual([])
  expect((await ok('inbox', 'list', '--kind', 'thread', '--target', 'general')).items).toEqual([])
  expect(await ok('inbox', 'done', '--all')).toEqual({ changed: 1 })
  expect(await host.run('inbox')).toBe(0)
  expect(host.stderr).toBe('Nothing waits for you.\n')
  expect(await host.run('inbox', 'done')).toBe(2)
  expect(await host.run('inbox', 'done', item.id, '--all')).toBe(2)
  expect(await host.run('inbox', 'list', '--kind', 'nonsense')).toBe(2)
})

test('a channel gets another name, topic, visibility and language, and says so', async () => {
  await ann.call('POST /api/channels', { body: { name: 'dev' } })
  const changed = await ok('channels', 'edit', 'dev', '--name', 'Development', '--topic', 'code', '--language', 'zh')
  expect(changed).toMatchObject({ target: '#dev', name: 'Development', topic: 'code', language: 'zh' })
  expect(await said('messages', 'dev')).toContain('@ann 将频道改名为“Development”。')
  expect(await host.run('channels', 'edit', 'dev')).toBe(2)
  expect(await host.run('channels', 'edit', 'dev', '--language', 'xx')).toBe(2)
})

test('threads are listed, followed and left', async () => {
  const id = await post(ann, 'a thread')
  const reply = await post(bob, 'a reply', id)
  expect(await ok('threads')).toMatchObject({ items: [{ id, followed: true, unreadCount: 1 }] })
  expect(await said('threads', 'list', '--followed', '--target', 'general')).toContain('@ann: a thread')
  expect(await said('threads', 'read', id)).toBe(`${id} is read.\n`)
  expect(await said('threads', 'unfollow', reply)).toBe(`You do not follow ${id} in #general.\n`)
  expect((await ok('threads', 'list', '--followed')).items).toEqual([])
  expect(await ok('threads', 'follow', id)).toMatchObject({ id, followed: true })
})
