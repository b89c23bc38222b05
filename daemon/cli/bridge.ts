import { Exit } from './exit'
import type { Command } from './program'

/** Started by the daemon itself beside agents that cannot use MCP over HTTP. */
export const bridge: Command = {
  name: 'mcp-bridge',
  description: "Offer the daemon's tools on standard input and output",
  args: {},
  examples: [],
  hidden: true,
  async run() {
    const { runMcpBridge } = await import('../mcp/bridge')
    await runMcpBridge(process.env)
    return Exit.ok
  },
}
