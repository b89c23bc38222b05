import { z } from 'zod'

/** What Claude Code writes, one JSON value a line (seen from 2.1.329). Only the fields that are used; the rest is ignored. */
const Id = z.string()
const Input = z.record(z.string(), z.unknown())

const ContentBlock = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text'), text: z.string() }),
  z.looseObject({ type: z.literal('tool_use'), id: Id, name: z.string(), input: Input }),
  z.looseObject({ type: z.literal('thinking') }),
])

const ToolResult = z.looseObject({
  type: z.literal('tool_result'),
  tool_use_id: Id,
  content: z.unknown().optional(),
  is_error: z.boolean().optional(),
})

const StreamEvent = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('message_start'), message: z.looseObject({ id: Id }) }),
  z.looseObject({
    type: z.literal('content_block_start'),
    content_block: z.looseObject({ type: z.string(), id: Id.optional(), name: z.string().optional() }),
  }),
  z.looseObject({
    type: z.literal('content_block_delta'),
    delta: z.looseObject({ type: z.string(), text: z.string().optional(), thinking: z.string().optional() }),
  }),
])

const ModelUsage = z.looseObject({
  inputTokens: z.number().default(0),
  outputTokens: z.number().default(0),
  cacheReadInputTokens: z.number().default(0),
  cacheCreationInputTokens: z.number().default(0),
  thinkingTokens: z.number().default(0),
  costUSD: z.number().default(0),
  contextWindow: z.number().optional(),
})

const Suggestion = z.looseObject({ type: z.string() })

export const CanUseTool = z.looseObject({
  subtype: z.literal('can_use_tool'),
  tool_name: z.string(),
  tool_use_id: Id.optional(),
  input: Input,
  permission_suggestions: z.array(Suggestion).nullish(),
})
export type CanUseTool = z.infer<typeof CanUseTool>

export const Initialized = z.looseObject({ claude_code_version: z.string().optional() })

/** The schema of each line type that means something to the driver. */
export const LINES = {
  control_response: z.looseObject({
    response: z.looseObject({
      subtype: z.string(),
      request_id: Id,
      response: z.unknown().optional(),
      error: z.string().optional(),
    }),
  }),
  control_request: z.looseObject({ request_id: Id, request: z.looseObject({ subtype: z.string() }) }),
  control_cancel_request: z.looseObject({ request_id: Id }),
  system: z.looseObject({
    subtype: z.string(),
    session_id: Id.optional(),
    model: z.string().optional(),
    attempt: z.number().optional(),
    error_status: z.number().nullish(),
    error: z.string().optional(),
  }),
  stream_event: z.looseObject({
    parent_tool_use_id: Id.nullish(),
    event: z.looseObject({ type: z.string() }),
  }),
  assistant: z.looseObject({
    parent_tool_use_id: Id.nullish(),
    error: z.string().optional(),
    is_api_error_message: z.boolean().optional(),
    message: z.looseObject({ id: Id, content: z.array(z.unknown()) }),
  }),
  user: z.looseObject({
    parent_tool_use_id: Id.nullish(),
    message: z.looseObject({ content: z.unknown() }),
    tool_use_result: z.unknown().optional(),
    tool_result_meta: z
      .array(
        z.looseObject({
          id: Id,
          non_execution_kind: z.string().optional(),
          permission_decision: z.looseObject({ decision: z.string() }).optional(),
        }),
      )
      .optional(),
  }),
  result: z.looseObject({
    subtype: z.string(),
    is_error: z.boolean(),
    result: z.string().optional(),
    errors: z.array(z.string()).optional(),
    terminal_reason: z.string().nullish(),
    stop_reason: z.string().nullish(),
    api_error_status: z.number().nullish(),
    model_usage_since_last_result: z.record(z.string(), ModelUsage).optional(),
  }),
  rate_limit_event: z.looseObject({
    rate_limit_info: z.looseObject({ status: z.string().optional(), resetsAt: z.number().nullish() }),
  }),
} as const

export type LineType = keyof typeof LINES
export type LineOf<T extends LineType> = z.infer<(typeof LINES)[T]>

export type ContentBlock = z.infer<typeof ContentBlock>
export type StreamEvent = z.infer<typeof StreamEvent>
export type ToolResult = z.infer<typeof ToolResult>

/** The blocks that are understood; others (images, server tools) are passed over. */
export const contentBlocks = (blocks: unknown[]): ContentBlock[] =>
  blocks.flatMap((block) => known(ContentBlock, block))
export const toolResults = (content: unknown): ToolResult[] =>
  Array.isArray(content) ? content.flatMap((block) => known(ToolResult, block)) : []
export const streamEvents = (event: unknown): StreamEvent[] => known(StreamEvent, event)

function known<T extends z.ZodType>(schema: T, value: unknown): z.infer<T>[] {
  const parsed = schema.safeParse(value)
  return parsed.success ? [parsed.data] : []
}
