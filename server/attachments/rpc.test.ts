import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let bot: Caller
let people: Rpc
let agent: Rpc
let computer: Rpc
let stranger: Rpc
let strangerAgent: Caller

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  const box = await server.computer()
  bot = await server.agent({ computerId: box.id, name: 'bot' })
  const laptop = await server.computer()
  strangerAgent = await server.agent({ computerId: laptop.id, name: 'other' })
  await owner.call('POST /api/channels', { body: { name: 'secret', visibility: 'private' } })
  people = rpcClient(server.url, owner.token)
  agent = rpcClient(server.url, bot.token)
  computer = rpcClient(server.url, box.token)
  stranger = rpcClient(server.url, laptop.token)
})
afterAll(() => server.stop())

const content = new TextEncoder().encode('from an agent')
const file = { target: '#general', filename: 'note.txt', mimeType: 'text/plain', content }

test('an agent sends a file with a message, and others read it with its bytes', async () => {
  const { attachment, uploadUrl } = await agent.uploadAttachment(file)
  expect(uploadUrl).toBe('')
  expect(attachment).toMatchObject({
    target: '#general',
    ownerId: bot.id,
    filename: 'note.txt',
    mimeType: 'text/plain',
    sizeBytes: BigInt(content.length),
  })
  const attachmentId = attachment!.attachmentId
  expect(await refusal(people.getAttachment({ attachmentId }))).toBe('not_found')
  const { message } = await agent.sendMessage({ target: '#general', content: 'look', attachmentIds: [attachmentId] })
  expect(message!.attachments).toMatchObject([{ attachmentId, filename: 'note.txt', ownerId: bot.id }])
  const { messages } = await people.readMessages({ target: '#general', limit: 1 })
  expect(messages[0]!.attachments).toMatchObject([{ attachmentId }])
  const read = await people.getAttachment({ attachmentId, target: '#general' })
  expect(Buffer.from(read.content).toString()).toBe('from an agent')
  expect(await refusal(people.getAttachment({ attachmentId, target: '#secret' }))).toBe('not_found')
  expect(Buffer.from((await computer.getAttachment({ attachmentId, requesterAgentId: bot.id })).content)).toHaveLength(
    13,
  )
  expect(await refusal(computer.getAttachment({ attachmentId, requesterAgentId: strangerAgent.id }))).toBe('not_found')
})

test('a computer sends in the name of its agents, and nobody in that of others', async () => {
  const { attachment } = await computer.uploadAttachment({ ...file, ownerId: bot.id })
  expect(attachment!.ownerId).toBe(bot.id)
  expect(await refusal(stranger.uploadAttachment({ ...file, ownerId: bot.id }))).toBe('permission_denied foreign_agent')
  expect(await refusal(agent.uploadAttachment({ ...file, ownerId: strangerAgent.id }))).toBe(
    'permission_denied foreign_sender',
  )
  expect(await refusal(people.uploadAttachment({ ...file, ownerId: bot.id }))).toBe('permission_denied foreign_sender')
  expect(await refusal(agent.uploadAttachment({ ...file, target: '#secret' }))).toBe('not_found')
  expect(await refusal(people.uploadAttachment({ ...file, target: '' }))).toBe('invalid_argument invalid_request')
})

test('the same key sends a file once', async () => {
  const idempotencyKey = crypto.randomUUID()
  const first = await agent.uploadAttachment({ ...file, idempotencyKey })
  const again = await agent.uploadAttachment({ ...file, idempotencyKey })
  expect(again.attachment!.attachmentId).toBe(first.attachment!.attachmentId)
  const other = agent.uploadAttachment({ ...file, idempotencyKey, content: new Uint8Array([1]) })
  expect(await refusal(other)).toBe('already_exists idempotency_conflict')
})

test('a large file goes to an address, and comes from one', async () => {
  const big = crypto.getRandomValues(new Uint8Array(65_536))
  const bytes = Buffer.concat(Array.from({ length: 80 }, () => big))
  const { uploadUrl } = await agent.uploadAttachment({
    target: '#general',
    filename: 'big.bin',
    mimeType: 'application/octet-stream',
    preferPresignedUrl: true,
  })
  expect(uploadUrl).not.toContain(bot.token)
  const put = (url: string) => server.guest.fetch(url, { method: 'PUT', body: bytes })
  expect(
    (await put(uploadUrl.replace(/signature=(.)/, (_, first) => `signature=${first === 'A' ? 'B' : 'A'}`))).status,
  ).toBe(403)
  const response = await put(uploadUrl)
  expect(response.status).toBe(201)
  const { id, owner: by }: { id: string; owner: { id: string } } = await response.json()
  expect(by.id).toBe(bot.id)
  // The address is good for one file: again it gives the same one.
  expect(await (await put(uploadUrl)).json()).toMatchObject({ id })
  const read = await agent.getAttachment({ attachmentId: id })
  expect(read.content).toHaveLength(0)
  const fetched = await server.guest.fetch(read.attachment!.downloadUrl)
  expect(Buffer.from(await fetched.bytes()).equals(bytes)).toBe(true)
})
