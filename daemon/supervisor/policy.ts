import type { ApprovalPolicy, ApprovalRule } from '@shared/contract/agents'
import { ToolKind as ToolKinds } from '@shared/contract/toolkinds'
import type { Permission } from '@shared/gen/nekode/daemon/v1/common_pb'
import type { ToolKind } from '../runtimes/events'
import { AGENT_TOOLS } from '../tools/names'

const RULES = new Map<string, ApprovalRule>(Object.entries({ ask: 'ask', allow: 'allow', deny: 'deny' }))
const KINDS = new Map<string, ToolKind>(ToolKinds.options.map((kind) => [`tool.${kind}`, kind]))

/**
 * The policy that an agent's profile carries: `tool.default` and `tool.<kind>`, the rule in `reason`. What is missing or not
 * understood asks a person: a policy that was lost must not become one that allows.
 */
export function policyOf(permissions: readonly Permission[]): ApprovalPolicy {
  const policy: ApprovalPolicy = { default: 'ask', rules: {} }
  for (const { name, reason } of permissions) {
    const kind = KINDS.get(name)
    const rule = RULES.get(reason) ?? 'ask'
    if (name === 'tool.default') policy.default = rule
    else if (kind) policy.rules[kind] = rule
  }
  return policy
}

/**
 * The tools of the daemon's own MCP server as runtimes spell them: `mcp__nekode__send_message`, `nekode_send_message`,
 * `send_message (nekode MCP Server)`. The whole name has to fit: a runtime may put words of the model into it.
 */
const OWN = AGENT_TOOLS.join('|')
const OWN_TOOL = new RegExp(`^(?:(?:mcp__)?nekode(?:__|::|[./:_-])(?:${OWN})|(?:${OWN}) \\(nekode MCP Server\\))$`)

export interface Asked {
  name: string
  kind: ToolKind
  /** The call names a place outside of the agent's workspace. */
  outside: boolean
}

/**
 * What the policy says to one call. The agent's way of talking back is always allowed: the server decides what its token may
 * reach. A rule that allows holds inside the workspace; outside of it a person is asked.
 */
export function decide(policy: ApprovalPolicy, { name, kind, outside }: Asked): ApprovalRule {
  if (kind === 'mcp' && OWN_TOOL.test(name)) return 'allow'
  const rule = policy.rules[kind] ?? policy.default
  return rule === 'allow' && outside ? 'ask' : rule
}

/** What an agent is told about a call that its policy denies. */
export const deniedText = (kind: ToolKind): string =>
  `The policy of this agent denies tools of the kind “${kind}”. Do not look for another way to do the same; say what you could not do and go on.`
