import { z } from 'zod'

/**
 * Commands to a daemon that the wire has no message of their own for. They travel in
 * `AgentControlOperation{action: CUSTOM, reason: <this, as JSON>}`; the four named actions travel as themselves.
 */
export const DaemonCommand = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('answer_permission'),
    runId: z.string(),
    requestId: z.string(),
    allow: z.boolean(),
    remember: z.boolean(),
    message: z.string(),
  }),
  z.object({ type: z.literal('interrupt'), runId: z.string() }),
  z.object({ type: z.literal('kill'), runId: z.string() }),
  z.object({ type: z.literal('install_runtime'), kind: z.string() }),
  z.object({ type: z.literal('refresh_inventory') }),
  /** The agent's settings changed: read its profile again before the next turn. */
  z.object({ type: z.literal('reload_agent') }),
])
export type DaemonCommand = z.infer<typeof DaemonCommand>

/** What a finished run hands over, as JSON in `UpdateRunStatusRequest.result_json`. */
export const RunResult = z.object({
  /** CLI session to resume, kept for showing only. */
  sessionId: z.string().optional(),
  failure: z.object({ reason: z.string(), message: z.string(), resetsAt: z.number().int().optional() }).optional(),
  /** This run's message was taken in by the turn of another run. */
  joinedRunId: z.string().optional(),
})
export type RunResult = z.infer<typeof RunResult>
