import { z } from 'zod'
import { cut } from '../rpc/text'

const Said = z.object({
  content: z.string(),
  sender: z.object({ displayName: z.string(), name: z.string() }),
  attachments: z.array(z.object({ filename: z.string() })).catch([]),
})

/** What other entities are called and what state they are in, wherever they have that. */
const Named = z.object({
  title: z.string().optional().catch(undefined),
  summary: z.string().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  name: z.string().optional().catch(undefined),
  state: z.string().optional().catch(undefined),
  status: z.string().optional().catch(undefined),
})

/** Longest text; the receivers' own limits are lower. */
const LONGEST = 40_000

/** An event as a line for people. */
export function textOf(kind: string, target: string, payload: unknown): string {
  const said = Said.safeParse(payload).data
  if (said) {
    const files = said.attachments.map(({ filename }) => `[${filename}]`)
    const text = [said.content, ...files].filter((part) => part !== '').join(' ')
    return cut(`[${target}] ${said.sender.displayName || said.sender.name}: ${text}`, LONGEST)
  }
  const { title, summary, message, name, state, status } = Named.catch({}).parse(payload)
  const what = title ?? summary ?? message ?? name ?? ''
  const how = state ?? status
  return cut(
    `[${target}] ${kind.replaceAll('_', ' ')}${what === '' ? '' : `: ${what}`}${how === undefined ? '' : ` (${how})`}`,
    LONGEST,
  )
}
