import type { Cell } from '../confine/confine'
import type { Failure, FailureReason } from './failure'

/** What a tool does, whatever the runtime calls it. An approval policy is a decision for each of these. */
export type ToolKind = 'read' | 'edit' | 'delete' | 'move' | 'search' | 'execute' | 'think' | 'fetch' | 'mcp' | 'other'

/** `refused`: the model declined. `limit`: a turn, token or budget limit ended it. Both carry a failure. */
export type TurnEnd = 'completed' | 'interrupted' | 'failed' | 'refused' | 'limit'

export type ToolStatus = 'completed' | 'failed' | 'denied' | 'interrupted'

/** Tokens of one model call or turn. `input` leaves out what came from a cache; `reasoning` is part of `output`. */
export interface TokenUsage {
  input: number
  cacheRead: number
  cacheWrite: number
  output: number
  reasoning: number
}

/** A call of a model that an earlier answer answered: what it would have taken. */
export interface SavedCall {
  model: string
  usage: TokenUsage
  /** US dollars; undefined when the price is not known. */
  costUsd?: number | undefined
}

/** `diff` is a unified diff where the runtime gives one, otherwise the new text of the file. */
export interface FileDiff {
  path: string
  diff: string
}

export interface PlanEntry {
  text: string
  status: 'pending' | 'in_progress' | 'completed'
}

/** The one vocabulary that every driver speaks, whatever program is behind it. */
export type AgentEvent =
  /** The runtime takes turns from now on. A later start passes `sessionId` as `resume`. */
  | { type: 'ready'; sessionId: string; model?: string; version?: string; tools?: string[] }
  /** A turn began: after `send`, or by itself when the runtime takes a queued message or wakes for a background task. */
  | { type: 'turn.start'; turnId: string }
  | { type: 'message.delta'; turnId: string; messageId: string; text: string }
  /** A whole message: the deltas of the same `messageId` joined. An interrupted message may have deltas only. */
  | { type: 'message'; turnId: string; messageId: string; text: string }
  | { type: 'thought.delta'; turnId: string; text: string }
  | {
      type: 'tool.start'
      turnId: string
      toolId: string
      name: string
      kind: ToolKind
      title: string
      input?: unknown
    }
  /** `output` is what was added since the last update; `title`, `input` and `diff` replace what was known. */
  | {
      type: 'tool.update'
      turnId: string
      toolId: string
      title?: string
      input?: unknown
      output?: string
      diff?: FileDiff[]
    }
  /** Every tool.start is followed by exactly one of these, at the latest before turn.end. `output` is the whole output. */
  | { type: 'tool.end'; turnId: string; toolId: string; status: ToolStatus; output: string; diff?: FileDiff[] }
  | { type: 'plan'; turnId: string; entries: PlanEntry[] }
  /** Always an addition to this turn, never a running total. `costUsd` only where the runtime prices it. */
  | {
      type: 'usage'
      turnId: string
      usage: TokenUsage
      costUsd?: number
      context?: { used: number; size: number }
    }
  /** A call of the model that an earlier answer answered: what it would have taken. Never part of `usage`. */
  | { type: 'cache'; turnId: string; model: string; usage: TokenUsage; costUsd?: number }
  /** The tool waits until `answer(requestId, …)`, or until a `permission.cancel` with the same id withdraws it. */
  | {
      type: 'permission'
      turnId: string
      requestId: string
      toolId?: string
      name: string
      kind: ToolKind
      title: string
      input: unknown
      diff?: FileDiff[]
      /** The runtime can remember an allow for the rest of the session. */
      canRemember: boolean
    }
  | { type: 'permission.cancel'; requestId: string }
  /** The runtime repeats a model call by itself. `status` is the HTTP status of the failed one, when known. */
  | { type: 'retry'; turnId: string; attempt: number; status: number | null; message: string }
  /** `failure` is present exactly when `reason` is failed, refused or limit. `text` is the last whole message. */
  | { type: 'turn.end'; turnId: string; reason: TurnEnd; text: string; failure?: Failure }
  /** Something went wrong outside a turn's end. `fatal`: the driver takes no more turns; stop it. */
  | { type: 'error'; message: string; reason: FailureReason; fatal: boolean }
  /** One line the runtime wrote to standard error. */
  | { type: 'stderr'; line: string }
  /** One line on standard output that is not of the protocol (cut to 2,000 characters); it was skipped. */
  | { type: 'garbage'; line: string }
  /** The process is gone; always the last event. `failure` when nobody asked for it to stop. */
  | { type: 'exit'; code: number | null; signal: string | null; expected: boolean; failure?: Failure }

export type EventOf<T extends AgentEvent['type']> = Extract<AgentEvent, { type: T }>

export type Decision = { allow: true; input?: unknown; remember?: boolean } | { allow: false; message?: string }

/** An MCP server the runtime is to use: Streamable HTTP with a bearer token. */
export interface McpEndpoint {
  name: string
  url: string
  token: string
}

/** By what this daemon finds its own processes again after it was killed. */
export interface DaemonMark {
  /** Stable for one daemon installation: the next process of the same daemon must know it. */
  id: string
  /** One small file for each running child; made when missing. */
  pidDir: string
}

export interface StartOptions {
  /** The workspace: an existing folder. */
  cwd: string
  /** The whole environment of the child; nothing else is inherited. Build it with `runtimeEnv`. */
  env: Record<string, string>
  /** Launch prompt: system-level where the runtime has a place for it, otherwise in front of the first turn. */
  prompt: string
  /** Folder of this agent for the driver's own files (MCP configuration, session history); made 0700 when missing. Not in the workspace. */
  stateDir: string
  /** A `sessionId` of an earlier `ready`. Without it a new session starts. */
  resume?: string
  model?: string
  mcp: McpEndpoint[]
  mark?: DaemonMark
  /** What every process of the agent is started in; none: as the daemon itself. */
  cell?: Cell | undefined
  /** Called in order, never after `exit`. Must not throw. */
  onEvent(event: AgentEvent): void
  /** Raw protocol lines, for a debug log. They may hold what the agent reads and writes, never a token. */
  onRaw?(direction: 'in' | 'out', line: string): void
}

/**
 * One agent session of one runtime. Every gated tool is asked for by a `permission` event: a driver has no policy of its own.
 * A driver is used once: after `stop`, or an `exit` event, make another and pass `resume`.
 */
export interface RuntimeDriver {
  /**
   * Resolves once turns are accepted. Rejects when it cannot start (missing, not logged in, unknown session, no answer in
   * time); nothing is left running then. `failureOf(error)` names the reason.
   */
  start(options: StartOptions): Promise<void>
  readonly sessionId: string | null
  /** A turn is running. */
  readonly busy: boolean
  /**
   * Starts a turn, or hands the text to the running one. `steered`: the model sees it within this turn. `queued`: it becomes
   * the next turn by itself. Rejects when the runtime is not running.
   */
  send(text: string): Promise<'started' | 'steered' | 'queued'>
  /** Ends the running turn (turn.end `interrupted`) and its commands; the session goes on. Nothing to do: resolves. */
  interrupt(): Promise<void>
  /** An unknown or withdrawn `requestId` is ignored. */
  answer(requestId: string, decision: Decision): void
  /** Cancels the turn, closes stdin, then SIGTERM, then SIGKILL to every descendant. Idempotent; resolves when all are gone. */
  stop(graceMs?: number): Promise<void>
}
