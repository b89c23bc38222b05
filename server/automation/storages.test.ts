import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'

describe.each(storages.filter((s) => s.available).map((s) => [s.name, s] as const))('on %s', (_, storage) => {
  let server: TestServer
  let database: Scratch
  let owner: Caller

  beforeAll(async () => {
    database = await storage.scratch()
    server = await startTestServer({ dsn: database.dsn })
    owner = await server.as('owner')
  }, 60_000)
  afterAll(async () => {
    await server.stop()
    await database.drop()
  })

  test('a program makes what it needs and answers as the computer that it made', async () => {
    const body = { name: 'Rig', agent: { agent_key: 'codex', runtime: 'codex' }, room: 'lab' }
    const calls = [1, 2, 3].map(() => owner.call('POST /api/computers/provision', { body: { name: 'Rig' } }))
    const made = await Promise.all(calls)
    expect(new Set(made.map(({ computer }) => computer.id)).size).toBe(1)
    expect(made.flatMap(({ created }) => created)).toEqual(['computer'])
    const { enrollment, commands } = await owner.call('POST /api/computers/provision', { body })

    const code = /code=([\w-]+)/.exec(commands!.shell)![1]!
    const redeem = { params: { id: enrollment!.id }, body: { code } }
    const { token, computerId } = await server.guest.call('POST /api/daemon/enrollments/{id}/redeem', redeem)
    const rig = async (method: string, path: string, content?: object) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const init = content ? { method, headers, body: JSON.stringify(content) } : { method, headers }
      const response = await server.guest.fetch(path, init)
      expect(response.status).toBe(200)
      return response.json()
    }
    await rig('POST', '/api/computers/connect', { runtimes: ['codex'] })
    await rig('POST', `/api/computers/${computerId}/heartbeat`, {})

    const asked = { room: 'lab', mentions: ['codex'], content: 'hello' }
    const { deliveries } = await owner.call('POST /api/messages', { body: asked })
    const { items } = await rig('GET', '/api/deliveries?agent=codex&status=pending')
    expect(items.map((delivery: { id: string }) => delivery.id)).toEqual([deliveries[0]!.id])
    const at = `/api/deliveries/${deliveries[0]!.id}`
    const { lease } = await rig('POST', `${at}/claim`, {})
    const { delivery } = await rig('POST', `${at}/ack`, { leaseId: lease.id, content: 'Hello yourself.' })
    expect(delivery.state).toBe('answered')
    const thread = { query: { room: 'lab', threadId: deliveries[0]!.messageId } }
    const said = (await owner.call('GET /api/messages', thread)).items.map((message) => message.content)
    expect(said).toEqual(['Hello yourself.', '@codex hello'])
  })
})
