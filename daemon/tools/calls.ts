import type { CallOptions } from '@connectrpc/connect'
import { ApiError, type Call, createApiClient } from '@shared/contract/client'
import { type ErrorKind, NekodeError } from '@shared/errors'
import { pause } from '../control/backoff'
import { type ControlClient, judge } from '../control/client'
import { errorOf, type Link } from '../control/link'
import type { AgentTokens } from './tokens'

/** An agent waits for its tool; what takes longer is better told than waited for. */
const PATIENCE_MS = 20_000
const MAX_TRIES = 4
const RETRY_MS = 300

/** Calls in an agent's own name. */
export class AgentCalls {
  readonly #link: Link
  readonly #tokens: AgentTokens
  readonly #server: { serverUrl: string; ca?: string | undefined }

  constructor(link: Link, tokens: AgentTokens, server: { serverUrl: string; ca?: string | undefined }) {
    this.#link = link
    this.#tokens = tokens
    this.#server = server
  }

  /** @param renew the token it has was refused */
  async options(agentId: string, renew = false): Promise<CallOptions> {
    return { headers: { authorization: `Bearer ${await this.#tokens.get(agentId, renew)}` } }
  }

  /**
   * Makes a call, a few times while only the way to the server is at fault: give a write an idempotency key.
   * @throws NekodeError in words for the agent
   */
  async call<T>(agentId: string, make: (client: ControlClient, options: CallOptions) => Promise<T>): Promise<T> {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    let renew = false
    for (let tries = 1; ; tries++) {
      try {
        const client = await this.#link.ready(signal)
        return await make(client, { ...(await this.options(agentId, renew)), signal })
      } catch (error) {
        const failure = error instanceof NekodeError ? 'final' : judge(error, signal)
        const again = failure === 'retry' || (failure === 'refused' && !renew)
        if (!again || tries >= MAX_TRIES) throw forAgent(error, signal)
        renew ||= failure === 'refused'
        await pause(failure === 'retry' ? RETRY_MS : 0, signal)
      }
    }
  }

  /** As `call`, for what only the HTTP API has. */
  async api<T>(agentId: string, make: (call: Call) => Promise<T>): Promise<T> {
    const { serverUrl: baseUrl, ca } = this.#server
    const signal = AbortSignal.timeout(PATIENCE_MS)
    const client = async (renew: boolean) => {
      const token = await this.#tokens.get(agentId, renew)
      return createApiClient({
        baseUrl,
        headers: () => ({ authorization: `Bearer ${token}` }),
        fetch: (url, init) => fetch(url, { ...init, signal, ...(ca ? { tls: { ca } } : {}) }),
      })
    }
    try {
      try {
        return await make(await client(false))
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error
        return await make(await client(true))
      }
    } catch (error) {
      throw forAgent(error, signal)
    }
  }
}

const KINDS: Record<number, ErrorKind> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  412: 'precondition',
  413: 'too_large',
  429: 'throttled',
}

const ofApi = ({ status, message, next }: ApiError): NekodeError =>
  new NekodeError(KINDS[status] ?? 'unavailable', message, next ? { next } : {})

function forAgent(error: unknown, signal: AbortSignal): NekodeError {
  const said = error instanceof ApiError ? ofApi(error) : error instanceof NekodeError ? error : errorOf(error)
  if (signal.aborted || said.kind === 'unavailable' || said.kind === 'internal')
    return new NekodeError('unavailable', 'Nekode cannot be reached just now.', {
      next: 'Go on without it, or try again in a minute.',
      cause: error,
    })
  if (said.kind === 'unauthenticated')
    return new NekodeError('forbidden', 'Nekode does not let you do this now.', {
      next: 'Go on without it, and say in your answer what you could not do.',
      cause: error,
    })
  return said
}
