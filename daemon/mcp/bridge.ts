import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { CallToolRequestSchema, CallToolResultSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { NekodeError } from '@shared/errors'

/**
 * An MCP server on standard streams that forwards to the daemon's, for agents that cannot use MCP over HTTP. It reads
 * NEKODE_MCP_URL and NEKODE_MCP_TOKEN, and resolves when standard input ends.
 * @throws NekodeError invalid when one of them is missing, unavailable when the daemon does not answer
 */
export async function runMcpBridge(env: Record<string, string | undefined>): Promise<void> {
  const { NEKODE_MCP_URL: url, NEKODE_MCP_TOKEN: token } = env
  if (!url || !token) throw new NekodeError('invalid', 'NEKODE_MCP_URL and NEKODE_MCP_TOKEN must be set.')
  const client = await connectMcp(url, token)
  const server = new Server({ name: 'nekode', version: '0' }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, () => client.listTools())
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => client.callTool(params, CallToolResultSchema))
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  process.stdin.once('end', resolve)
  await server.connect(new StdioServerTransport())
  await ended
  await client.close()
}

/**
 * A client of a Streamable HTTP server with a bearer token.
 * @throws NekodeError unavailable
 */
export async function connectMcp(url: string, token: string): Promise<Client> {
  const client = new Client({ name: 'nekode', version: '0' })
  const headers = { Authorization: `Bearer ${token}` }
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
  try {
    await client.connect(transport)
  } catch (cause) {
    throw new NekodeError('unavailable', `The MCP server at ${url} does not answer, or refused the token.`, { cause })
  }
  return client
}
