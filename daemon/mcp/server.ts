import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { type CallToolResult, CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { NekodeError } from '@shared/errors'
import { z } from 'zod'
import type { AgentKeys } from '../local/keys'

/** A tool that agents can call. Make one with `mcpTool`, which keeps the types of the input together. */
export interface McpTool {
  name: string
  /** For the model: what it does and when to use it. */
  description: string
  /** The model gets it as JSON schema. */
  input: z.ZodObject
  /** It only reads: runtimes may call it without asking. */
  readOnly: boolean
  /**
   * @param input as it came; the tool parses it by its schema
   * @param agentId whose token the call carried
   * @returns the text for the model; a thrown error is told to the model as the tool's error
   */
  call(input: unknown, agentId: string): Promise<string>
}

/** A tool whose `call` gets its input parsed. */
export function mcpTool<Input extends z.ZodObject>(tool: {
  name: string
  description: string
  input: Input
  readOnly?: boolean
  call(input: z.infer<Input>, agentId: string): Promise<string> | string
}): McpTool {
  const { name, description, input, readOnly = false } = tool
  const call = async (value: unknown, agentId: string) => tool.call(await input.parseAsync(value), agentId)
  return { name, description, input, readOnly, call }
}

export interface Mcp {
  /** `http://127.0.0.1:<port>/mcp` */
  readonly url: string
  stop(): Promise<void>
}

export interface McpOptions {
  tools: readonly McpTool[]
  /** By which agents are known. */
  keys: AgentKeys
  /** Default: any free port. */
  port?: number
  /** Version of the daemon, shown to runtimes. */
  version?: string
  /** Takes secrets out of what agents say. Default: there are none. */
  clean?(input: unknown): unknown
  /** Told of everything that was thrown by a tool, for the log. */
  onToolError?(tool: string, agentId: string, error: unknown): void
}

/** A tool call carries text, not files. */
const MAX_BODY = 4 * 1024 * 1024
const PATH = '/mcp'

/**
 * The MCP server of this daemon: Streamable HTTP on loopback, one bearer token for each agent. It keeps no session, so an agent
 * goes on after a daemon restart as soon as it has a new token.
 */
export function startMcp(options: McpOptions): Mcp {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: options.port ?? 0,
    maxRequestBodySize: MAX_BODY,
    // A tool may wait for a person.
    idleTimeout: 0,
    fetch(request, server) {
      const refused = refuse(request, server.port)
      if (refused) return refused
      const token = /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
      const agentId = token === undefined ? undefined : options.keys.agentOf(token)
      if (agentId === undefined) return unauthorized()
      return handle(request, agentId, options)
    },
    error: () => problem(500, -32603, 'Internal error'),
  })
  return {
    url: `http://127.0.0.1:${server.port}${PATH}`,
    stop: () => server.stop(true),
  }
}

/** What is refused before the token is looked at. A foreign Host or Origin is a web page that reaches for loopback (DNS rebinding). */
function refuse(request: Request, port: number | undefined): Response | undefined {
  const host = request.headers.get('host') ?? ''
  const hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`])
  const origin = request.headers.get('origin')
  if (!hosts.has(host)) return problem(403, -32000, `Host "${host}" is not served here.`)
  if (origin !== null && !hosts.has(origin.replace(/^http:\/\//, '')))
    return problem(403, -32000, `Origin "${origin}" is not allowed.`)
  if (new URL(request.url).pathname !== PATH) return problem(404, -32000, `Not found; the MCP endpoint is ${PATH}.`)
  // No stream of its own and no session to delete.
  if (request.method !== 'POST') return problem(405, -32000, 'Method not allowed; send POST.', { allow: 'POST' })
  return undefined
}

async function handle(request: Request, agentId: string, options: McpOptions): Promise<Response> {
  const server = new Server({ name: 'nekode', version: options.version ?? '0' }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: options.tools.map(describe) }))
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => call(params.name, params.arguments, agentId, options))
  const transport = new WebStandardStreamableHTTPServerTransport({
    enableJsonResponse: true,
    maxRequestBodySize: MAX_BODY,
  })
  await server.connect(transport)
  return await transport.handleRequest(request)
}

const describe = ({ name, description, input, readOnly }: McpTool) => ({
  name,
  description,
  inputSchema: { type: 'object' as const, ...z.toJSONSchema(input, { io: 'input', target: 'draft-7' }) },
  annotations: { readOnlyHint: readOnly, destructiveHint: false, openWorldHint: false },
})

async function call(name: string, input: unknown, agentId: string, options: McpOptions): Promise<CallToolResult> {
  const tool = options.tools.find((candidate) => candidate.name === name)
  if (!tool)
    return failed(`There is no tool "${name}". There are: ${options.tools.map((known) => known.name).join(', ')}.`)
  try {
    return { content: [{ type: 'text', text: await tool.call(options.clean?.(input) ?? input ?? {}, agentId) }] }
  } catch (error) {
    if (error instanceof z.ZodError) return failed(`The input does not fit: ${z.prettifyError(error)}`)
    options.onToolError?.(name, agentId, error)
    return failed(toolError(error))
  }
}

const failed = (text: string): CallToolResult => ({ content: [{ type: 'text', text }], isError: true })

/** What an agent is told: an error that was made for its reader in full, of any other only that it happened. */
function toolError(error: unknown): string {
  if (!(error instanceof NekodeError)) return 'The tool failed because of an error in the daemon; its log says more.'
  return error.next ? `${error.message} ${error.next}` : error.message
}

function unauthorized(): Response {
  const headers = { 'www-authenticate': 'Bearer realm="nekode"' }
  return problem(401, -32000, 'The bearer token is missing, unknown or revoked.', headers)
}

const problem = (status: number, code: number, message: string, headers: Record<string, string> = {}) =>
  Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status, headers })
