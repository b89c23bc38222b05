import { z } from 'zod'

/** What `codex app-server` writes (seen from 0.169.0; `codex app-server generate-ts` prints the whole protocol). Only what is used. */
const Id = z.string()

export const Message = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
})
export type Message = z.infer<typeof Message>

export const Initialized = z.looseObject({ userAgent: z.string() })
export const ThreadOpened = z.looseObject({ thread: z.looseObject({ id: Id }), model: z.string().optional() })
export const TurnOpened = z.looseObject({ turn: z.looseObject({ id: Id }) })

const Change = z.looseObject({
  path: z.string(),
  diff: z.string(),
  kind: z.looseObject({ type: z.string() }).optional(),
})
const Content = z.array(z.looseObject({ text: z.string().optional() }))

const Item = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('agentMessage'), id: Id, text: z.string() }),
  z.looseObject({
    type: z.literal('commandExecution'),
    id: Id,
    command: z.string(),
    cwd: z.string(),
    status: z.string(),
    aggregatedOutput: z.string().nullish(),
    exitCode: z.number().nullish(),
  }),
  z.looseObject({ type: z.literal('fileChange'), id: Id, status: z.string(), changes: z.array(Change) }),
  z.looseObject({
    type: z.literal('mcpToolCall'),
    id: Id,
    server: z.string(),
    tool: z.string(),
    status: z.string(),
    arguments: z.unknown().optional(),
    result: z.looseObject({ content: Content.nullish() }).nullish(),
    error: z.looseObject({ message: z.string() }).nullish(),
  }),
  z.looseObject({
    type: z.literal('dynamicToolCall'),
    id: Id,
    tool: z.string(),
    status: z.string(),
    arguments: z.unknown().optional(),
    contentItems: Content.nullish(),
  }),
  z.looseObject({ type: z.literal('webSearch'), id: Id, query: z.string().nullish() }),
])
export type Item = z.infer<typeof Item>

/** Items of kinds that mean nothing to the driver (the user's own message, reasoning) come back undefined. */
export const knownItem = (item: unknown): Item | undefined => Item.safeParse(item).data

const ErrorInfo = z.union([
  z.string(),
  z.record(z.string(), z.looseObject({ httpStatusCode: z.number().nullish() }).nullable().catch(null)),
])
const TurnError = z.looseObject({
  message: z.string(),
  codexErrorInfo: ErrorInfo.nullish(),
  additionalDetails: z.string().nullish(),
})
export type TurnError = z.infer<typeof TurnError>

const Tokens = z.looseObject({
  totalTokens: z.number(),
  inputTokens: z.number(),
  cachedInputTokens: z.number(),
  cacheWriteInputTokens: z.number().default(0),
  outputTokens: z.number(),
  reasoningOutputTokens: z.number().default(0),
})
export type Tokens = z.infer<typeof Tokens>

const Delta = z.looseObject({ itemId: Id, delta: z.string() })
const AnyItem = z.looseObject({ turnId: Id, item: z.unknown() })
const Window = z.looseObject({ resetsAt: z.number().nullish() }).nullish()

/** The parameters of each notification that means something to the driver. */
export const NOTIFICATIONS = {
  'turn/started': z.looseObject({ turn: z.looseObject({ id: Id }) }),
  'turn/completed': z.looseObject({
    turn: z.looseObject({ id: Id, status: z.string(), error: TurnError.nullish() }),
  }),
  'turn/plan/updated': z.looseObject({ plan: z.array(z.looseObject({ step: z.string(), status: z.string() })) }),
  'item/started': AnyItem,
  'item/completed': AnyItem,
  'item/agentMessage/delta': Delta,
  'item/reasoning/summaryTextDelta': Delta,
  'item/reasoning/textDelta': Delta,
  'item/commandExecution/outputDelta': Delta,
  'thread/tokenUsage/updated': z.looseObject({
    turnId: Id,
    tokenUsage: z.looseObject({ total: Tokens, last: Tokens, modelContextWindow: z.number().nullish() }),
  }),
  'account/rateLimits/updated': z.looseObject({ rateLimits: z.looseObject({ primary: Window, secondary: Window }) }),
  'serverRequest/resolved': z.looseObject({ requestId: z.union([z.string(), z.number()]) }),
  error: z.looseObject({ willRetry: z.boolean(), error: TurnError }),
} as const

/** The requests of the app-server that ask for permission. */
export const REQUESTS = {
  'item/commandExecution/requestApproval': z.looseObject({
    itemId: Id,
    command: z.string().nullish(),
    cwd: z.string().nullish(),
    reason: z.string().nullish(),
  }),
  'item/fileChange/requestApproval': z.looseObject({ itemId: Id, reason: z.string().nullish() }),
  'mcpServer/elicitation/request': z.looseObject({
    serverName: z.string(),
    message: z.string().optional(),
    _meta: z.looseObject({
      codex_approval_kind: z.literal('mcp_tool_call'),
      tool_name: z.string().optional(),
      tool_params: z.unknown().optional(),
    }),
  }),
} as const
export type ApprovalMethod = keyof typeof REQUESTS
