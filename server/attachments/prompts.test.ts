import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Attachment } from '@shared/contract'
import { rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let box: Caller
beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  box = await server.computer()
  await server.agent({ computerId: box.id, name: 'bot' })
})
afterAll(() => server.stop())

const file = async (filename: string): Promise<string> => {
  const response = await owner.fetch(`/api/attachments?target=general&filename=${filename}`, {
    method: 'POST',
    body: 'x,y',
  })
  return Attachment.parse(await response.json()).id
}
const prompts = async (): Promise<string> => {
  const { db } = server.core
  return JSON.stringify(await db.q.select().from(db.t.prompts))
}

test('a prompt names the files of the messages in it by the ids that the tools take, until the message is deleted', async () => {
  const rpc = rpcClient(server.url, box.token)
  const id = await file('figures-of-may.csv')
  const { message, deliveries } = await owner.call('POST /api/messages', {
    body: { target: '#general', content: '@bot sum these up', attachmentIds: [id] },
  })
  const runId = deliveries[0]?.runId ?? ''
  const { snapshot } = await rpc.getLaunchPromptSnapshot({ runId })
  expect(snapshot?.content).toContain(`sum these up\n[file ${id}: figures-of-may.csv, text/csv, 3 bytes]`)
  expect(await prompts()).toContain('figures-of-may')
  await owner.call('DELETE /api/messages/{id}', { params: { id: message.id } })
  expect(await prompts()).not.toContain('figures-of-may')
  const { db } = server.core
  const log = JSON.stringify(await db.q.select().from(db.t.events))
  expect(log).not.toContain('figures-of-may')
})
