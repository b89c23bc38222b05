import { command } from './command'

/** Started by the daemon itself beside agents that cannot use MCP over HTTP. */
export const bridge = command({
  name: 'mcp-bridge',
  description: "Offer the daemon's tools on standard input and output",
  args: {},
  examples: [],
  hidden: true,
  run: async ({ host }) => {
    const { runMcpBridge } = await import('../mcp/bridge')
    await runMcpBridge(host.env)
  },
})
