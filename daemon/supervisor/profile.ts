import type { ApprovalPolicy } from '@shared/contract/agents'
import type { AgentProfile } from '@shared/gen/nekode/daemon/v1/agents_pb'
import { z } from 'zod'
import { policyOf } from './policy'

/** What an agent is, as far as running it is concerned. */
export interface Settings {
  agentId: string
  name: string
  runtimeKind: string
  /** Empty: the runtime's own default. */
  model: string
  /** Absolute folder; empty: the daemon's own. */
  workspace: string
  /** Command line of the `command` and custom ACP runtimes; empty for the rest. */
  command: string[]
  env: Record<string, string>
  policy: ApprovalPolicy
  /** Takes the agent's secrets, and tokens of Nekode, out of a text. */
  clean(text: string): string
}

const COMMAND = 'NEKODE_EXECUTOR_COMMAND'
const ARGS = 'NEKODE_EXECUTOR_ARGS'
const Args = z.array(z.string())
/** A shorter secret would take ordinary words out of what the agent says. */
const MIN_SECRET = 8
const OUR_TOKENS = /\bn(?:dt|at|up|km)_[A-Za-z0-9_-]{20,}/g

/** Reads a profile. `fallback` is the command for agents that need one and have none. */
export function settingsOf(profile: AgentProfile, fallback: readonly string[] = []): Settings {
  const env: Record<string, string> = {}
  for (const { name, value } of profile.env) if (name !== COMMAND && name !== ARGS) env[name] = value
  const program = profile.env.find(({ name }) => name === COMMAND)?.value
  const args = parseArgs(profile.env.find(({ name }) => name === ARGS)?.value ?? '')
  const secrets = profile.env
    .flatMap(({ secret, value }) => (secret && value.length >= MIN_SECRET ? [value] : []))
    // The longest first: one secret may be the start of another.
    .sort((a, b) => b.length - a.length)
  return {
    agentId: profile.agentId,
    name: profile.name || profile.agentId,
    runtimeKind: profile.runtimeKind,
    model: profile.model,
    workspace: profile.memoryRoot,
    command: program ? [program, ...args] : [...fallback],
    env,
    policy: policyOf(profile.permissions),
    clean: (text) =>
      secrets.reduce((clean, secret) => clean.replaceAll(secret, '[redacted]'), text).replace(OUR_TOKENS, '[redacted]'),
  }
}

/** A JSON array, or words divided by blanks as earlier daemons have them. */
function parseArgs(text: string): string[] {
  if (!text.trimStart().startsWith('[')) return text.split(/\s+/).filter(Boolean)
  try {
    return Args.parse(JSON.parse(text))
  } catch {
    // Not the JSON it looked like, such as the single argument "[x]".
    return text.split(/\s+/).filter(Boolean)
  }
}
