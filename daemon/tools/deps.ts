import type { AgentCalls } from './calls'

/** What the tools of agents stand on. */
export interface ToolDeps {
  calls: AgentCalls
  /** Real path of the agent's workspace; undefined when it has none now. */
  workspaceOf(agentId: string): string | undefined
  /** Shows people what the agent says that it is doing. */
  sayStatus(agentId: string, text: string): void
  /** Why a port of this computer cannot be shown; undefined when it can. */
  portRefusal(port: number): Promise<string | undefined>
}
