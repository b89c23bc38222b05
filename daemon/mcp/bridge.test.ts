import { expect, test } from 'bun:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { z } from 'zod'
import { AgentKeys } from '../local/keys'
import { connectMcp, runMcpBridge } from './bridge'
import { mcpTool, startMcp } from './server'

const echo = mcpTool({
  name: 'echo',
  description: 'Echo.',
  input: z.object({ text: z.string() }),
  call: ({ text }, agentId) => `${agentId}: ${text}`,
})

test('a program that speaks MCP on standard streams reaches the daemon’s tools through the bridge', async () => {
  const keys = new AgentKeys()
  const mcp = startMcp({ tools: [echo], keys })
  const program = `import { runMcpBridge } from '${import.meta.dir}/bridge'; await runMcpBridge(process.env); process.exit(0)`
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: ['-e', program],
    env: { NEKODE_MCP_URL: mcp.url, NEKODE_MCP_TOKEN: keys.keyOf('agent-a') },
  })
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(transport)
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo'])
  expect(await client.callTool({ name: 'echo', arguments: { text: 'hi' } })).toMatchObject({
    content: [{ text: 'agent-a: hi' }],
  })
  expect(await client.callTool({ name: 'echo', arguments: {} })).toMatchObject({ isError: true })
  await client.close()
  await mcp.stop()
})

test('the bridge says what it lacks', async () => {
  await expect(runMcpBridge({})).rejects.toThrow('NEKODE_MCP_URL')
  const mcp = startMcp({ tools: [echo], keys: new AgentKeys() })
  await expect(connectMcp(mcp.url, 'wrong')).rejects.toThrow('refused the token')
  await mcp.stop()
})
