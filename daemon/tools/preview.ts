import { NekodeError } from '@shared/errors'
import { z } from 'zod'
import { mcpTool } from '../mcp/server'
import type { ToolDeps } from './deps'

/** Lets an agent show people what it serves on this computer. A person has to allow it, so the answer is mostly “asked”. */
export const openPreview = ({ calls, portRefusal }: ToolDeps) =>
  mcpTool({
    name: 'open_preview',
    description:
      'Show people in the conversation a web application that you serve on a local port, such as a development server. A person has to allow it first; start the server before you ask. Asking again tells you whether it is allowed by now.',
    input: z.strictObject({
      port: z.number().int().min(1).max(65_535).describe('The local port that it listens on.'),
      label: z.string().trim().max(200).optional().describe('In a few words, what there is to be seen.'),
      target: z
        .string()
        .trim()
        .min(1)
        .optional()
        .describe('Where to show it; without it in the conversation that you are answering in.'),
      minutes: z.number().int().min(1).max(1440).optional().describe('How long; 120 when left out.'),
    }),
    async call({ port, label, target, minutes }, agentId) {
      const refusal = await portRefusal(port)
      if (refusal !== undefined) throw new NekodeError('precondition', refusal)
      const tunnel = await calls.api(agentId, (call) =>
        call('POST /api/tunnels', {
          body: {
            localPort: port,
            ...(label === undefined ? {} : { label }),
            ...(target === undefined ? {} : { target }),
            ...(minutes === undefined ? {} : { ttlSeconds: minutes * 60 }),
          },
        }),
      )
      const address = tunnel.url ?? 'in the console, under the preview'
      if (tunnel.state === 'active') return `People in ${tunnel.target} see it at ${address} (${tunnel.id}).`
      return `Asked: somebody in ${tunnel.target} has to allow it (${tunnel.id}). Once they do, people see it at ${address}. You need not wait.`
    },
  })
