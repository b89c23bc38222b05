import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ActorKind } from '@shared/gen/nekode/daemon/v1/common_pb'
import { MessageKind } from '@shared/gen/nekode/daemon/v1/messages_pb'
import { type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let bot: Caller
let people: Rpc
let agent: Rpc
let computer: Rpc
let stranger: Rpc

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  const box = await server.computer()
  bot = await server.agent({ computerId: box.id, name: 'bot' })
  const laptop = await server.computer()
  await server.agent({ computerId: laptop.id, name: 'other' })
  await owner.call('POST /api/channels', { body: { name: 'secret', visibility: 'private' } })
  await owner.call('POST /api/messages', { body: { target: '#secret', content: 'the treasure is under the oak' } })
  people = rpcClient(server.url, owner.token)
  agent = rpcClient(server.url, bot.token)
  computer = rpcClient(server.url, box.token)
  stranger = rpcClient(server.url, laptop.token)
})
afterAll(() => server.stop())

const post = async (content: string, target = '#general', threadId?: string) => {
  const body = { target, content, ...(threadId === undefined ? {} : { threadId }) }
  return (await owner.call('POST /api/messages', { body })).message
}
const texts = (page: { messages: { content: string }[] }) => page.messages.map((m) => m.content)

describe('SendMessage', () => {
  test('of an agent is written in its name, with what the wire needs to know', async () => {
    const root = await post('start')
    const { accepted, message } = await agent.sendMessage({
      target: '#general',
      content: 'on it',
      role: 'system',
      replyToMessageId: root.id,
      kind: MessageKind.STATUS,
    })
    expect(accepted).toBe(true)
    expect(message).toMatchObject({
      target: '#general',
      threadId: root.id,
      replyToMessageId: root.id,
      aggregateId: root.id,
      role: 'assistant',
      content: 'on it',
      kind: MessageKind.STATUS,
      sender: { actorKind: ActorKind.AGENT, agentId: bot.id, userId: '', displayName: 'bot' },
    })
    expect(Number(message!.createdTimeUnix)).toBeCloseTo(Date.now() / 1000, -2)
  })

  test('in reply to a message of a thread goes into that thread', async () => {
    const root = await post('a thread')
    const reply = await post('first reply', '#general', root.id)
    const { message } = await agent.sendMessage({ target: '#general', content: 'x', replyToMessageId: reply.id })
    expect(message?.threadId).toBe(root.id)
    const named = await agent.sendMessage({ target: `#general:${root.id}`, content: 'y' })
    expect(named.message?.threadId).toBe(root.id)
  })

  test('of a computer is written in the name of the agent that it names', async () => {
    const { message } = await computer.sendMessage({ target: '#general', content: 'x', sender: { agentId: bot.id } })
    expect(message?.sender?.agentId).toBe(bot.id)
    const spoken = await computer.sendMessage({
      target: '#general',
      content: 'y',
      context: { actor: { agentId: bot.id } },
    })
    expect(spoken.message?.sender?.agentId).toBe(bot.id)
  })

  const content = 'hello'
  const refused: [what: string, who: () => Rpc, request: () => object, said: string][] = [
    [
      'of a computer without an agent',
      () => computer,
      () => ({ target: '#general', content }),
      'permission_denied foreign_agent',
    ],
    [
      'of a computer for another one’s agent',
      () => stranger,
      () => ({ target: '#general', content, sender: { agentId: bot.id } }),
      'permission_denied foreign_agent',
    ],
    [
      'of an agent as a person',
      () => agent,
      () => ({ target: '#general', content, sender: { userId: owner.id } }),
      'permission_denied foreign_sender',
    ],
    [
      'of a person as an agent',
      () => people,
      () => ({ target: '#general', content, sender: { agentId: bot.id } }),
      'permission_denied foreign_sender',
    ],
    ['of an agent to a channel that it is not in', () => agent, () => ({ target: '#secret', content }), 'not_found'],
    ['to nowhere', () => people, () => ({ target: '', content }), 'not_found'],
    ['of nothing', () => people, () => ({ target: '#general', content: ' ' }), 'invalid_argument invalid_request'],
    [
      'that is too long',
      () => people,
      () => ({ target: '#general', content: 'x'.repeat(40_001) }),
      'invalid_argument invalid_request',
    ],
    [
      'with files',
      () => people,
      () => ({ target: '#general', content, attachmentIds: ['att_1'] }),
      'not_found attachment_unknown',
    ],
    [
      'in a thread that is not there',
      () => people,
      () => ({ target: '#general', content, replyToMessageId: 'msg_00000000000000000000000000000000' }),
      'not_found thread_unknown',
    ],
  ]
  for (const [what, who, request, said] of refused)
    test(`${what} is refused and leaves no trace`, async () => {
      const events = await server.events()
      expect(await refusal(who().sendMessage(request()))).toBe(said)
      expect(await server.events()).toBe(events)
    })

  test('with the same key is written once, and refused with another text', async () => {
    const request = { target: '#general', content: 'once', idempotencyKey: 'send-1' }
    const both = await Promise.all([1, 2].map(() => agent.sendMessage(request)))
    expect(both[0]).toEqual(both[1]!)
    expect(await refusal(agent.sendMessage({ ...request, content: 'twice' }))).toBe(
      'already_exists idempotency_conflict',
    )
    const other = await people.sendMessage(request)
    expect(other.message?.messageId).not.toBe(both[0]!.message!.messageId)
  })

  test('takes an older client’s request id for the key', async () => {
    const request = { target: '#general', content: 'by request id', requestId: 'req-1' }
    expect(await people.sendMessage(request)).toEqual(await people.sendMessage(request))
  })
})

describe('ReadMessages', () => {
  test('pages through a channel, newest first, by cursor and by an older client’s count', async () => {
    await owner.call('POST /api/channels', { body: { name: 'long' } })
    for (let i = 1; i <= 7; i++) await post(`m${i}`, '#long')
    const read = (cursor?: object) => people.readMessages({ target: '#long', limit: 3, ...(cursor ? { cursor } : {}) })
    const first = await read()
    const second = await read(first.nextCursor)
    const third = await read(second.nextCursor)
    expect([texts(first), texts(second), texts(third)]).toEqual([['m7', 'm6', 'm5'], ['m4', 'm3', 'm2'], ['m1']])
    expect(third.nextCursor).toBeUndefined()
    expect(first.nextCursor).toMatchObject({ target: '#long', serverId: server.core.serverId, protocolVersion: 1 })
    // A message that comes in between moves nothing.
    await post('m8', '#long')
    expect(texts(await read(first.nextCursor))).toEqual(['m4', 'm3', 'm2'])
    expect(texts(await read({ cursor: '#long:2' }))).toEqual(['m6', 'm5', 'm4'])
    expect(texts(await read({ cursor: '#long:99' }))).toEqual([])
    expect(texts(await read({ cursor: first.nextCursor!.cursor, serverId: 'srv_other' }))).toEqual(['m8', 'm7', 'm6'])
    expect(texts(await people.readMessages({ target: '#long', limit: 5000 }))).toHaveLength(8)
  })

  test('reaches a thread by its address and by the cursor of an older client', async () => {
    const root = await post('question')
    await post('answer 1', '#general', root.id)
    await post('answer 2', '#general', root.id)
    const thread = ['answer 2', 'answer 1', 'question']
    expect(texts(await people.readMessages({ target: `#general:${root.id}` }))).toEqual(thread)
    const cursor = { aggregateId: root.id }
    expect(texts(await people.readMessages({ target: '#general', cursor }))).toEqual(thread)
    const page = await people.readMessages({ target: `#general:${root.id}`, limit: 1 })
    const next = await people.readMessages({ target: '#general', limit: 1, cursor: page.nextCursor! })
    // The thread's first message comes along with its oldest page.
    expect([texts(page), texts(next)]).toEqual([['answer 2'], ['answer 1', 'question']])
  })

  const readers: [who: string, rpc: () => Rpc, target: string, said: string][] = [
    ['an agent its channels', () => agent, '#general', 'ok'],
    ['an agent no others', () => agent, '#secret', 'not_found'],
    ['a computer what its agents may', () => computer, '#general', 'ok'],
    ['a computer nothing else', () => computer, '#secret', 'not_found'],
    ['a person', () => people, '#secret', 'ok'],
  ]
  for (const [who, rpc, target, said] of readers)
    test(`shows ${who}`, async () => {
      expect(await refusal(rpc().readMessages({ target }))).toBe(said)
    })

  test('shows a computer without an agent nothing', async () => {
    const bare = rpcClient(server.url, (await server.computer()).token)
    expect(await refusal(bare.readMessages({ target: '#general' }))).toBe('not_found')
  })
})

describe('SearchMessages', () => {
  test('finds what the caller may read, by text and by sender', async () => {
    await post('an oak tree')
    await agent.sendMessage({ target: '#general', content: 'oak and ash' })
    expect(texts(await people.searchMessages({ query: 'OAK' }))).toEqual([
      'oak and ash',
      'an oak tree',
      'the treasure is under the oak',
    ])
    expect(texts(await agent.searchMessages({ query: 'oak' }))).toEqual(['oak and ash', 'an oak tree'])
    expect(texts(await people.searchMessages({ query: 'oak', senderHandle: '@bot' }))).toEqual(['oak and ash'])
    expect(texts(await people.searchMessages({ query: 'oak', sender: { userId: owner.id }, limit: 1 }))).toEqual([
      'an oak tree',
    ])
    expect(texts(await people.searchMessages({ query: 'oak', senderHandle: 'nobody' }))).toEqual([])
    expect(texts(await people.searchMessages({ query: 'oak', target: '#secret' }))).toHaveLength(1)
    expect(await refusal(agent.searchMessages({ query: 'oak', target: '#secret' }))).toBe('not_found')
    expect(await refusal(people.searchMessages({ query: '  ' }))).toBe('invalid_argument invalid_request')
    const page = await people.searchMessages({ query: 'oak', limit: 2 })
    expect(texts(await people.searchMessages({ query: 'oak', limit: 2, cursor: page.nextCursor! }))).toEqual([
      'the treasure is under the oak',
    ])
  })
})
