import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { McpEndpoint } from './events'

/** Writes a file that only this user may read, in the agent's state folder. @returns its path */
export function writeState(stateDir: string, name: string, text: string): string {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const path = join(stateDir, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

/** The MCP servers in the `mcpServers` form that most programs read. The token lives in this file, never in argv. */
export function writeMcpConfig(stateDir: string, endpoints: McpEndpoint[]): string {
  const mcpServers = Object.fromEntries(
    endpoints.map(({ name, url, token }) => [
      name,
      // alwaysLoad: without it Claude Code defers the tools behind a search, one more round trip for the model.
      { type: 'http', url, headers: { Authorization: `Bearer ${token}` }, alwaysLoad: true },
    ]),
  )
  return writeState(stateDir, 'mcp.json', JSON.stringify({ mcpServers }))
}
