import { afterAll, describe, expect, test } from 'bun:test'
import { NekodeError } from '@shared/errors'
import { z } from 'zod'
import { AgentKeys } from '../local/keys'
import { connectMcp } from './bridge'
import { mcpTool, startMcp } from './server'

const calls: { agentId: string; text: string }[] = []
const thrown: string[] = []
const keys = new AgentKeys()
const mcp = startMcp({
  keys,
  tools: [
    mcpTool({
      name: 'send_message',
      description: 'Send a message.',
      input: z.strictObject({ channel: z.string().min(1), text: z.string().transform((text) => text.trim()) }),
      call({ text }, agentId) {
        calls.push({ agentId, text })
        return `sent as message ${calls.length}`
      },
    }),
    mcpTool({
      name: 'refuse',
      description: 'Fails on purpose.',
      input: z.object({}),
      readOnly: true,
      call: () => {
        throw new NekodeError('forbidden', 'You are not a member of #secret.', { next: 'Ask to be added.' })
      },
    }),
    mcpTool({
      name: 'break',
      description: 'Fails by accident.',
      input: z.object({}),
      call: () => Promise.reject(new Error('SELECT secret FROM table')),
    }),
  ],
  onToolError: (tool, agentId) => thrown.push(`${tool} ${agentId}`),
})
afterAll(() => mcp.stop())

const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

function post(init: {
  token?: string
  body?: string
  headers?: Record<string, string>
  path?: string
  method?: string
}) {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(init.token === undefined ? {} : { authorization: `Bearer ${init.token}` }),
    ...init.headers,
  }
  const method = init.method ?? 'POST'
  const body = method === 'POST' ? { body: init.body ?? JSON.stringify(LIST) } : {}
  return fetch(new URL(init.path ?? '/mcp', mcp.url), { method, headers, ...body })
}

describe('the MCP server', () => {
  test('offers its tools to a client with an agent’s token, and tells the tool which agent called', async () => {
    const client = await connectMcp(mcp.url, keys.keyOf('agent-a'))
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['send_message', 'refuse', 'break'])
    expect(tools[0]?.inputSchema).toMatchObject({ type: 'object', required: ['channel', 'text'] })
    const result = await client.callTool({ name: 'send_message', arguments: { channel: '#general', text: ' hi ' } })
    expect(result).toMatchObject({ content: [{ type: 'text', text: 'sent as message 1' }] })
    expect(calls).toEqual([{ agentId: 'agent-a', text: 'hi' }])
    await client.close()
  })

  test('answers bad input, unknown tools and thrown errors as errors of the tool', async () => {
    const client = await connectMcp(mcp.url, keys.keyOf('agent-a'))
    const before = calls.length
    const said = async (name: string, input: Record<string, unknown>) => {
      const result = await client.callTool({ name, arguments: input })
      expect(result.isError).toBe(true)
      return JSON.stringify(result.content)
    }
    expect(await said('send_message', { channel: '#general' })).toContain('text')
    expect(await said('send_message', { channel: '#general', text: 'x', extra: 1 })).toContain('extra')
    expect(await said('no_such_tool', {})).toContain('send_message')
    expect(await said('refuse', {})).toContain('You are not a member of #secret. Ask to be added.')
    const broken = await said('break', {})
    expect(broken).toContain('error in the daemon')
    expect(broken).not.toContain('SELECT')
    expect(calls.length).toBe(before)
    expect(thrown).toEqual(['refuse agent-a', 'break agent-a'])
    await client.close()
  })

  test('a token is one agent’s, stays the same, and stops working when revoked', async () => {
    const token = keys.keyOf('agent-b')
    expect(keys.keyOf('agent-b')).toBe(token)
    expect(keys.keyOf('agent-c')).not.toBe(token)
    expect((await post({ token })).status).toBe(200)
    keys.revoke('agent-b')
    expect((await post({ token })).status).toBe(401)
    expect((await post({ token: keys.keyOf('agent-c') })).status).toBe(200)
    expect(keys.keyOf('agent-b')).not.toBe(token)
  })

  const token = keys.keyOf('agent-a')
  const cases: [string, Parameters<typeof post>[0], number][] = [
    ['no token', {}, 401],
    ['a foreign token', { token: 'nkm_other' }, 401],
    ['an empty token', { token: '' }, 401],
    ['another path', { token, path: '/' }, 404],
    ['GET', { token, method: 'GET' }, 405],
    ['DELETE', { token, method: 'DELETE' }, 405],
    ['a foreign Host, as after DNS rebinding', { token, headers: { host: 'evil.example' } }, 403],
    ['a foreign Origin', { token, headers: { origin: 'https://evil.example' } }, 403],
    ['a body that is not JSON', { token, body: '{' }, 400],
    ['a body of five megabytes', { token, body: JSON.stringify({ ...LIST, filler: 'x'.repeat(5_000_000) }) }, 413],
    ['a content type that is not JSON', { token, headers: { 'content-type': 'text/plain' } }, 415],
    ['a good request', { token }, 200],
  ]
  for (const [what, init, status] of cases)
    test(`answers ${what} with ${status}`, async () => {
      expect((await post(init)).status).toBe(status)
    })

  test('listens on loopback only', () => {
    expect(new URL(mcp.url).hostname).toBe('127.0.0.1')
  })
})
