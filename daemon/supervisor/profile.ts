import type { ApprovalPolicy } from '@shared/contract/agents'
import { Confinement, CONFINEMENT_CAPABILITY, UNCONFINED } from '@shared/contract/confinement'
import type { AgentProfile } from '@shared/gen/nekode/daemon/v1/agents_pb'
import { z } from 'zod'
import { parseJson } from '../runtimes/json'
import { policyOf } from './policy'
import { Redactor } from './redactor'

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
  confinement: Confinement
  /** Takes secrets of this computer's agents, and tokens of Nekode, out of a text. */
  clean(text: string): string
  /** How many characters at the end of an unfinished text may be the beginning of one. */
  held(text: string): number
}

const COMMAND = 'NEKODE_EXECUTOR_COMMAND'
const ARGS = 'NEKODE_EXECUTOR_ARGS'
const Args = z.array(z.string())
const OUR_TOKENS = /\bn(?:dt|at|up|km)_[A-Za-z0-9_-]{20,}/g

/** The end of a text in which a token may have begun. What goes on for longer is no token. */
const BEGUN = /\bn(?:$|(?:d|dt|a|at|u|up|k|km)(?:$|_[A-Za-z0-9_-]{0,100}$))/

/**
 * Reads a profile. `fallback` is the command for agents that need one and have none; `redactor` is told of the agent's secrets.
 */
export function settingsOf(
  profile: AgentProfile,
  fallback: readonly string[] = [],
  redactor: Redactor = new Redactor(),
): Settings {
  const env: Record<string, string> = {}
  for (const { name, value, secretRef } of profile.env)
    if (name !== COMMAND && name !== ARGS) env[name] = secretRef === '' ? value : `secret:${secretRef}`
  const program = profile.env.find(({ name }) => name === COMMAND)?.value
  const args = parseArgs(profile.env.find(({ name }) => name === ARGS)?.value ?? '')
  redactor.add(...profile.env.flatMap(({ secret, value }) => (secret && !value.startsWith('secret:') ? [value] : [])))
  return {
    agentId: profile.agentId,
    name: profile.name || profile.agentId,
    runtimeKind: profile.runtimeKind,
    model: profile.model,
    workspace: profile.memoryRoot,
    command: program ? [program, ...args] : [...fallback],
    env,
    policy: policyOf(profile.permissions),
    confinement: confinementOf(profile),
    clean: (text) => redactor.clean(text).replace(OUR_TOKENS, '[redacted]'),
    held: (text) => Math.max(redactor.held(text), BEGUN.exec(text)?.[0].length ?? 0),
  }
}

/**
 * What the profile says about confining the agent. Words that this daemon does not understand are of a newer server: an agent that may have
 * to be in a sandbox then is in one.
 */
function confinementOf({ capabilities }: AgentProfile): Confinement {
  const said = capabilities.find(({ name }) => name === CONFINEMENT_CAPABILITY)
  if (!said) return UNCONFINED
  const parsed = Confinement.safeParse(parseJson(said.description))
  return parsed.success ? parsed.data : { ...UNCONFINED, sandbox: true }
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
