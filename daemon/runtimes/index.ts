import type { BuiltinConfig } from './builtin/session'
import type { NekoConfig } from './neko/session'
import type { LiveScreen } from '../neko/viewer/live'
import { type RuntimeSpec, runtimeSpec } from './catalog'
import { ClaudeSession } from './claude/session'
import { CodexSession } from './codex/session'
import { CommandSession } from './command'
import { DemoSession } from './demo/session'
import { Driver, type Session } from './driver'
import type { RuntimeDriver, StartOptions } from './events'
import { RuntimeFailure } from './failure'
import { findProgram } from './program'

export { RUNTIMES, type RuntimeSpec, runtimeSpec } from './catalog'
export { detectRuntimes, type DetectedRuntime } from './detect'
export { runtimeEnv } from './env'
export type * from './events'
export { type Failure, failureOf, type FailureReason, RuntimeFailure } from './failure'
export { installRuntime } from './install'
export { reapStale } from './reap'

export interface DriverConfig {
  /** Command line of a `custom` command or a custom `acp` agent; for any other kind the program to run in place of the installed one. */
  command?: readonly string[]
  /** Environment of the daemon, in which a program is looked for. Default: its own. */
  parentEnv?: Record<string, string | undefined>
  /** How long a start may take. Default 60 s: some agents are slow on a small computer. */
  startTimeoutMs?: number
  /** Command line of `runMcpBridge`, e.g. `[process.execPath, 'mcp-bridge']`, for ACP agents without MCP over HTTP. */
  mcpBridge?: readonly string[]
  builtin?: BuiltinConfig
  /** Where a session that has a screen lets people watch it. @returns what to call when the session is over, and why */
  offerScreen?: (live: LiveScreen) => (reason?: string) => void
  /** For tests. */
  demo?: { paceMs?: number }
  /** For tests. */
  neko?: Pick<NekoConfig, 'patience'>
}

const START_MS = 60_000

/**
 * A driver for one session of one agent.
 * @param kind of the catalog, or an alias
 * @throws RuntimeFailure runtime_missing for an unknown kind, or a custom one without a command. That a program is not
 *   installed is an error of `start`.
 */
export function createDriver(kind: string, config: DriverConfig = {}): RuntimeDriver {
  const spec = runtimeSpec(kind)
  if (!spec) throw new RuntimeFailure('runtime_missing', `There is no runtime "${kind}".`)
  if (isCustom(spec) && !config.command?.length)
    throw new RuntimeFailure('runtime_missing', `The agent has no command, which its runtime "${kind}" needs.`)
  return new Driver((options) => session(spec, config, options))
}

const isCustom = ({ kind }: RuntimeSpec) => kind === 'custom' || kind === 'acp'

/** What the last three need stays unloaded, some megabytes each, until an agent needs them. */
async function session(spec: RuntimeSpec, config: DriverConfig, options: StartOptions): Promise<Session> {
  const startTimeoutMs = config.startTimeoutMs ?? START_MS
  switch (spec.driver) {
    case 'claude':
      return new ClaudeSession({ argv: argvOf(spec, config), startTimeoutMs }, options)
    case 'codex':
      return new CodexSession({ argv: argvOf(spec, config), startTimeoutMs, hiddenEnv: CODEX_KEYS }, options)
    case 'command':
      return new CommandSession({ argv: argvOf(spec, config), label: spec.label }, options)
    case 'demo':
      return new DemoSession(config.demo ?? {}, options)
    case 'builtin': {
      const { BuiltinSession } = await import('./builtin/session')
      return new BuiltinSession(config.builtin ?? {}, options)
    }
    case 'neko': {
      const { NekoSession } = await import('./neko/session')
      return new NekoSession({ ...config.neko, offerScreen: config.offerScreen }, options)
    }
    case 'acp': {
      const { AcpSession } = await import('./acp/session')
      return new AcpSession(
        {
          argv: argvOf(spec, config),
          label: spec.label,
          startTimeoutMs,
          ...(spec.authMethod ? { authMethod: spec.authMethod } : {}),
          ...(spec.mode ? { mode: spec.mode } : {}),
          ...(spec.modelFlag ? { modelFlag: spec.modelFlag } : {}),
          ...(spec.usage ? { usage: spec.usage } : {}),
          ...(config.mcpBridge ? { mcpBridge: [...config.mcpBridge] } : {}),
        },
        options,
      )
    }
  }
}

const CODEX_KEYS = ['OPENAI_API_KEY', 'CODEX_API_KEY']

/** @throws RuntimeFailure runtime_missing when the program is not there */
function argvOf(spec: RuntimeSpec, config: DriverConfig): string[] {
  if (isCustom(spec)) return [...(config.command ?? [])]
  if (config.command?.length) return [...config.command, ...spec.args]
  const program = findProgram(spec, config.parentEnv ?? process.env)
  if (program.path === undefined) throw new RuntimeFailure('runtime_missing', program.problem)
  return [program.path, ...spec.args]
}
