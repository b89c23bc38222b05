import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let server: TestServer
    let owner: Caller
    let bot: Caller
    let people: Rpc
    let agent: Rpc
    let computer: Rpc
    let stranger: Rpc

    beforeAll(async () => {
      scratch = await storage.scratch()
      server = await startTestServer({ dsn: scratch.dsn })
      owner = await server.as('owner')
      const box = await server.computer()
      bot = await server.agent({ computerId: box.id, name: 'bot' })
      const laptop = await server.computer()
      await server.agent({ computerId: laptop.id, name: 'other' })
      await owner.call('POST /api/channels', { body: { name: 'secret', visibility: 'private' } })
      people = rpcClient(server.url, owner.token)
      agent = rpcClient(server.url, bot.token)
      computer = rpcClient(server.url, box.token)
      stranger = rpcClient(server.url, laptop.token)
    }, 60_000)
    afterAll(async () => {
      await server?.stop()
      await scratch?.drop()
    })

    const post = async (content: string, target = '#general', threadId?: string) => {
      const body = { target, content, ...(threadId === undefined ? {} : { threadId }) }
      return (await owner.call('POST /api/messages', { body })).message.id
    }

    test('threads are listed by their addresses, those that moved last first, as far as the caller reads them', async () => {
      const one = await post('one\nmore of it')
      const two = await post('two')
      await post('reply', '#general', two)
      await post('reply', '#general', one)
      const hidden = await post('hidden', '#secret')
      await post('reply', '#secret', hidden)
      const addresses = async (rpc: Rpc, targetPrefix = '') =>
        (await rpc.listThreads({ targetPrefix })).threads.map((t) => t.target)
      const open = [`#general:${one}`, `#general:${two}`]
      expect(await addresses(people)).toEqual([`#secret:${hidden}`, ...open])
      for (const rpc of [agent, computer, stranger]) expect(await addresses(rpc)).toEqual(open)
      expect(await addresses(people, '#secret')).toEqual([`#secret:${hidden}`])
      expect(await refusal(agent.listThreads({ targetPrefix: '#secret' }))).toBe('not_found')
      const first = await agent.listThreads({ limit: 1 })
      expect(first.threads[0]).toMatchObject({ threadId: one, topic: 'one', messageCount: 1, followed: false })
      const rest = await agent.listThreads({ limit: 1, cursor: first.nextCursor! })
      expect(rest.threads.map((t) => t.threadId)).toEqual([two])
      // An older client counts.
      const counted = await agent.listThreads({ limit: 1, cursor: { cursor: ':1' } })
      expect(counted.threads.map((t) => t.threadId)).toEqual([two])
    })

    test('an agent follows and leaves a thread, in its own name or through its computer alone', async () => {
      const id = await post('a thread')
      const target = `#general:${id}`
      expect(await agent.followThread({ target })).toMatchObject({ accepted: true })
      expect((await agent.getThread({ target })).thread).toMatchObject({ followed: true, messageCount: 0 })
      const { deliveries } = await owner.call('POST /api/messages', {
        body: { target: '#general', content: 'for whoever follows', threadId: id },
      })
      expect(deliveries).toMatchObject([{ agentId: bot.id, cause: 'subscription' }])
      expect(await computer.unfollowThread({ target, agentId: bot.id })).toMatchObject({ accepted: true })
      expect(await computer.unfollowThread({ target, agentId: bot.id })).toMatchObject({ accepted: true })
      expect((await agent.getThread({ target })).thread?.followed).toBe(false)
      expect(await refusal(computer.followThread({ target }))).toBe('permission_denied foreign_agent')
      expect(await refusal(stranger.followThread({ target, agentId: bot.id }))).toBe('permission_denied foreign_agent')
      expect(await refusal(people.followThread({ target, agentId: bot.id }))).toBe('permission_denied foreign_sender')
      expect(await refusal(agent.followThread({ target: '#general' }))).toBe('invalid_argument invalid_request')
      const hidden = await post('hidden', '#secret')
      expect(await refusal(agent.followThread({ target: `#secret:${hidden}` }))).toBe('not_found')
      expect(await refusal(agent.getThread({ target: `#secret:${hidden}` }))).toBe('not_found')
      expect(await refusal(agent.getThread({ target: `#general:${hidden}` }))).toBe('not_found')
      expect(await refusal(people.getThread({ target: `#general:${hidden}` }))).toBe('not_found thread_unknown')
    })

    test('messages are saved, listed and let go of, each in the name of whom the credential stands for', async () => {
      const messageId = await post('keep this')
      const saved = await agent.saveMessage({ target: '#general', messageId })
      expect(saved).toMatchObject({
        saved: true,
        savedMessage: { messageId, savedByAgentId: bot.id, savedByUserId: '', message: { content: 'keep this' } },
      })
      const again = await computer.saveMessage({ messageId, savedByAgentId: bot.id })
      expect(again.savedMessage?.savedMessageId).toBe(saved.savedMessage!.savedMessageId)
      const listed = async (rpc: Rpc, request: object = {}) =>
        (await rpc.listSavedMessages(request)).savedMessages.map((s) => s.message?.content)
      expect(await listed(agent)).toEqual(['keep this'])
      expect(await listed(computer, { savedByAgentId: bot.id, target: '#general' })).toEqual(['keep this'])
      expect(await listed(people)).toEqual([])
      expect(await refusal(people.listSavedMessages({ savedByAgentId: bot.id }))).toBe(
        'permission_denied foreign_sender',
      )
      expect(await refusal(agent.saveMessage({ savedByUserId: owner.id, messageId }))).toBe(
        'permission_denied foreign_sender',
      )
      expect(await refusal(agent.saveMessage({ messageId: await post('hidden', '#secret') }))).toBe('not_found')
      expect(await refusal(people.saveMessage({ messageId, target: '#secret' }))).toBe('not_found')
      const key = { messageId, idempotencyKey: 'let go' }
      expect(await agent.unsaveMessage(key)).toMatchObject({ removed: true, savedMessage: { messageId } })
      expect(await agent.unsaveMessage(key)).toMatchObject({ removed: true })
      expect(await agent.unsaveMessage({ messageId })).toMatchObject({ removed: false })
      expect(await listed(agent)).toEqual([])
    })

    test('an agent’s direct conversations are listed to those who are in them', async () => {
      const { target } = await owner.call('POST /api/dms', { body: { kind: 'agent', memberId: bot.id } })
      for (const rpc of [agent, computer, people])
        expect((await rpc.listAgentDMs({ agentId: bot.id })).dms).toMatchObject([{ target, channelType: 'dm' }])
      const member = rpcClient(server.url, (await server.as('member')).token)
      for (const rpc of [stranger, member]) expect((await rpc.listAgentDMs({ agentId: bot.id })).dms).toEqual([])
      expect(await refusal(agent.listAgentDMs({ agentId: 'agent_0' }))).toBe('not_found')
    })

    test('what a program adds to a message is kept as it is, and refused when it is no object', async () => {
      const base = { target: '#general', content: 'with more' }
      const { message } = await agent.sendMessage({
        ...base,
        metadataJson: '{"a":[1,{"b":null}]}',
        coordinationRecordId: 'coord_1',
      })
      const expected = { a: [1, { b: null }], coordinationRecordId: 'coord_1' }
      expect(JSON.parse(message!.metadataJson)).toEqual(expected)
      expect(message).toMatchObject({ coordinationRecordId: 'coord_1', memoryRecordId: '' })
      const { messages } = await people.readMessages({ target: '#general', limit: 1 })
      expect(JSON.parse(messages[0]!.metadataJson)).toEqual(expected)
      for (const metadataJson of ['[1]', '"x"', '{', `{"a":"${'x'.repeat(20_000)}"}`])
        expect(await refusal(agent.sendMessage({ ...base, metadataJson }))).toBe('invalid_argument invalid_request')
      expect(await refusal(agent.sendMessage({ ...base, memoryRecordId: 'no id' }))).toBe(
        'invalid_argument invalid_request',
      )
    })
  })
