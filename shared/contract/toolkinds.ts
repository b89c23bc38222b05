import { z } from 'zod'

/** What a tool does, as rules of approval tell tools apart. */
export const ToolKind = z.enum([
  'read',
  'edit',
  'delete',
  'move',
  'search',
  'execute',
  'think',
  'fetch',
  'mcp',
  'other',
])
export type ToolKind = z.infer<typeof ToolKind>
