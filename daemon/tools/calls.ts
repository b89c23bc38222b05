import type { CallOptions } from '@connectrpc/connect'
import type { Artifact } from '@shared/contract/artifacts'
import { ApiError, type Call, createApiClient, failure } from '@shared/contract/client'
import { type ErrorKind, NekodeError } from '@shared/errors'
import { z } from 'zod'
import { pause } from '../control/backoff'
import { type ControlClient, judge } from '../control/client'
import { errorOf, type Link } from '../control/link'
import type { AgentTokens } from './tokens'

/** An agent waits for its tool; what takes longer is better told than waited for. */
const PATIENCE_MS = 20_000
const MAX_TRIES = 4
const RETRY_MS = 300
/** A file may be large. */
const TRANSFER_MS = 10 * 60_000

const Uploaded = z.object({ id: z.string() })
/** What an agent is told of a file that it published. */
type Published = Pick<Artifact, 'id' | 'kind' | 'target' | 'expiresAt'> & { url: string }

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

  /**
   * Publishes a file in the agent's name.
   * @param query as of `POST /api/artifacts`, with a key of its own so that a second try is the same file
   * @param pieces the bytes, from the start each time
   */
  async publish(
    agentId: string,
    query: URLSearchParams,
    pieces: () => AsyncGenerator<Uint8Array<ArrayBuffer>>,
  ): Promise<Published> {
    const { serverUrl, ca } = this.#server
    const signal = AbortSignal.timeout(TRANSFER_MS)
    const key = crypto.randomUUID()
    const send = async (renew: boolean): Promise<Response> =>
      fetch(`${serverUrl.replace(/\/+$/, '')}/api/artifacts?${query}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await this.#tokens.get(agentId, renew)}`,
          'content-type': 'application/octet-stream',
          'idempotency-key': key,
        },
        body: streamOf(pieces()),
        signal,
        ...(ca ? { tls: { ca } } : {}),
      })
    try {
      let response = await send(false)
      if (response.status === 401) response = await send(true)
      if (!response.ok) throw failure(response.status, await response.text())
      const { Artifact } = await import('@shared/contract/artifacts')
      return Artifact.pick({ id: true, kind: true, target: true, expiresAt: true })
        .extend({ url: z.string() })
        .parse(await response.json())
    } catch (error) {
      throw forAgent(error, signal)
    }
  }

  /** The bytes at a signed address of the server, which needs no credential. */
  async download(address: string): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#signed(address, {})
    return response.body ?? new Blob([]).stream()
  }

  /** Sends bytes to a signed address of the server. */
  async upload(address: string, pieces: AsyncGenerator<Uint8Array<ArrayBuffer>>): Promise<{ id: string }> {
    const response = await this.#signed(address, { method: 'PUT', body: streamOf(pieces) })
    return Uploaded.parse(await response.json())
  }

  async #signed(address: string, init: RequestInit): Promise<Response> {
    const { serverUrl, ca } = this.#server
    const signal = AbortSignal.timeout(TRANSFER_MS)
    try {
      const tls = ca ? { tls: { ca } } : {}
      const response = await fetch(serverUrl.replace(/\/+$/, '') + pathOf(address), { ...init, signal, ...tls })
      if (!response.ok) throw failure(response.status, await response.text())
      return response
    } catch (error) {
      throw forAgent(error, signal)
    }
  }
}

/** The part of an address after the server's own: it may know itself by another name than this computer does. */
const pathOf = (address: string): string => {
  const at = address.indexOf('/api/')
  if (at < 0) throw new NekodeError('unavailable', 'The server gave an address that is none of its own.')
  return address.slice(at)
}

/** A stream that makes its pieces as they are taken. */
const streamOf = (pieces: AsyncIterator<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> =>
  new ReadableStream({
    async pull(controller) {
      const { value, done } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })

const KINDS: Record<number, ErrorKind> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  412: 'precondition',
  413: 'too_large',
  429: 'throttled',
  507: 'full',
}

/** What the server's HTTP API answered. */
export const ofApi = ({ status, code, message, next }: ApiError): NekodeError =>
  new NekodeError(KINDS[status] ?? 'unavailable', message, { code, ...(next ? { next } : {}) })

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
