/** The tools that every agent gets from the daemon's own MCP server. Launch prompts name them too. */
export const AGENT_TOOLS = [
  'send_message',
  'read_messages',
  'search_messages',
  'list_channels',
  'list_members',
  'update_status',
  'read_memory',
  'update_memory',
  'list_memory',
  'search_memory',
  'set_memory',
  'list_decisions',
  'propose_decision',
  'vote_decision',
  'set_reminder',
  'list_reminders',
  'cancel_reminder',
  'read_attachment',
  'attach_file',
  'open_preview',
] as const
export type AgentTool = (typeof AGENT_TOOLS)[number]
