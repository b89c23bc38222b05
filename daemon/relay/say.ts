import type { Connection } from '@shared/cli/account'
import { ApiError } from '@shared/contract/client'
import { NekodeError } from '@shared/errors'
import { type AgentCalls, ofApi } from '../tools/calls'
import { type LocalAgent, noAgent } from './agents'

/** Something to be said at the server. */
export interface Saying {
  /** Name or id of an agent of this computer. Default: the person who is logged in here. */
  as?: string | undefined
  /** `general`, `#general`, `@name` or `dm:…`. */
  target: string
  content: string
  /** Id of a thread's first message. */
  threadId?: string | undefined
  /** The same saying has the same key, however often it is tried: then it is said once. At most 128 characters. */
  requestId: string
}

/**
 * Says something at the server, in the name of an agent of this computer or of the person who is logged in here.
 * @returns the id of the message
 * @throws NekodeError unauthenticated `nobody_to_speak`, not_found `agent_unknown`, unavailable, or what the server has against it
 */
export type Say = (saying: Saying) => Promise<{ messageId: string }>

export interface SayOptions {
  calls: Pick<AgentCalls, 'api'>
  findAgent: (text: string) => Promise<LocalAgent | undefined>
  env: Record<string, string | undefined>
}

type Speaker = Pick<Connection, 'call' | 'self'>

export const createSay =
  ({ calls, findAgent, env }: SayOptions): Say =>
  async ({ as, ...saying }) => {
    if (as === undefined) return sayAsPerson(env, saying)
    const agent = await findAgent(as)
    if (!agent) throw noAgent(as)
    return calls.api(agent.id, (call) => post({ call, self: agent }, saying))
  }

async function sayAsPerson(env: SayOptions['env'], saying: Saying): Promise<{ messageId: string }> {
  const { resolveAccount, connection } = await import('@shared/cli/account')
  const { server, token } = await resolveAccount(env)
  if (token === undefined)
    throw new NekodeError(
      'unauthenticated',
      'There is nobody to say this as: no agent is named, and nobody is logged in here.',
      {
        code: 'nobody_to_speak',
        next: `Name an agent of this computer, or log in as the user that the daemon runs as: nekode login --server ${server}`,
      },
    )
  try {
    return await post(connection(server, token), saying)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const said = ofApi(error)
    if (said.kind !== 'unauthenticated') throw said
    throw new NekodeError(said.kind, said.message, {
      code: said.code,
      next: 'Log in again: nekode login',
      cause: error,
    })
  }
}

async function post(
  speaker: Speaker,
  { target, content, threadId, requestId }: Saying,
): Promise<{ messageId: string }> {
  const { findTarget } = await import('@shared/cli/names')
  const { message } = await speaker.call('POST /api/messages', {
    body: {
      target: await findTarget(speaker, target),
      content,
      requestId,
      ...(threadId === undefined ? {} : { threadId }),
    },
  })
  return { messageId: message.id }
}
