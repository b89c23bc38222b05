import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { z } from 'zod'
import { connectMcp } from '../../mcp/bridge'
import type { McpEndpoint } from '../events'
import type { Tool } from './tools'

const Content = z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))
const Input = z.record(z.string(), z.unknown())

/** A tool may wait for a person. */
const CALL_MS = 600_000

export interface RemoteTools {
  tools: Tool[]
  close(): Promise<void>
}

/**
 * The tools of the MCP servers that the agent was given.
 * @throws NekodeError unavailable when one of them does not answer
 */
export async function remoteTools(endpoints: McpEndpoint[]): Promise<RemoteTools> {
  const clients: Client[] = []
  const close = async () => {
    await Promise.all(clients.map((client) => client.close()))
  }
  const tools: Tool[] = []
  try {
    for (const { name: server, url, token } of endpoints) {
      const client = await connectMcp(url, token)
      clients.push(client)
      const listed = await client.listTools()
      for (const { name, description = '', inputSchema } of listed.tools)
        tools.push({
          name: `mcp__${server}__${name}`,
          description,
          kind: 'mcp',
          schema: inputSchema,
          asks: false,
          prepare: (input, { signal }) => ({
            title: `${server}: ${name}`,
            run: () => call(client, name, Input.parse(input), signal),
          }),
        })
    }
  } catch (error) {
    await close()
    throw error
  }
  return { tools, close }
}

async function call(client: Client, name: string, input: Record<string, unknown>, signal: AbortSignal) {
  const result = await client.callTool({ name, arguments: input }, undefined, { signal, timeout: CALL_MS })
  const content = Content.parse(result.content)
  const text = content.map((part) => part.text ?? `[${part.type}]`).join('\n')
  return { text, failed: result.isError === true }
}
