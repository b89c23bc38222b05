import { timingSafeEqual } from 'node:crypto'
import { errorText, type ErrorKind, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { z } from 'zod'
import type { Caller, Served } from './operation'

/** An answer as it goes to the caller: `type` and its fields. */
export type Reply = { type: string } & Record<string, unknown>

/** One answer with what an HTTP status is made from. */
export interface Outcome {
  reply: Reply
  /** Set when the operation failed. */
  failed?: ErrorKind
}

export interface DispatchOptions {
  /** Asked once, for the first request. */
  serve: () => Promise<ReadonlyMap<string, Served>>
  log: Logger
  /** The token of this daemon. */
  token: string
  /** Whose token it is; undefined for none that is known. */
  agentOf(token: string): string | undefined
  /** What an agent may say of its input: without the secrets that agents were started with. */
  clean(input: unknown): unknown
}

const Request = z.looseObject({ type: z.string(), auth_token: z.string().max(512).optional() })

/** Answers requests, wherever they come from. */
export class Dispatcher {
  readonly #options: DispatchOptions
  #served: Promise<ReadonlyMap<string, Served>> | undefined

  constructor(options: DispatchOptions) {
    this.#options = options
  }

  /** All operations. */
  served(): Promise<ReadonlyMap<string, Served>> {
    this.#served ??= this.#options.serve()
    return this.#served
  }

  /** Who holds a token; undefined when nobody does. */
  callerOf(token: string): Caller | undefined {
    if (sameText(token, this.#options.token)) return { kind: 'owner', hasToken: true }
    const agentId = this.#options.agentOf(token)
    return agentId === undefined ? undefined : { kind: 'agent', agentId }
  }

  /** Answers a request with its `type` and, where there is one, its `auth_token`. Never throws. */
  async answer(value: unknown): Promise<Outcome> {
    const request = Request.safeParse(value)
    if (!request.success) return failure('invalid', 'invalid_request', 'A request is an object with a type.')
    const { type, auth_token: token, ...input } = request.data
    const caller: Caller | undefined = token === undefined ? { kind: 'owner', hasToken: false } : this.callerOf(token)
    return caller ? this.call(type, input, caller) : { reply: { type: 'AuthRequired' }, failed: 'unauthenticated' }
  }

  /** Answers the operation `type`. Never throws. */
  async call(type: string, input: unknown, caller: Caller): Promise<Outcome> {
    const { log } = this.#options
    const found = (await this.served()).get(type)
    if (!found) return failure('not_found', 'unknown_request', `There is no request “${type.slice(0, 100)}”.`)
    const { operation, run } = found
    if (caller.kind === 'agent' && !operation.forAgents)
      return failure('forbidden', 'not_for_agents', `${type} is not for agents.`)
    if (operation.needsToken && caller.kind === 'owner' && !caller.hasToken)
      return { reply: { type: 'AuthRequired' }, failed: 'unauthenticated' }
    const parsed = operation.input.safeParse(caller.kind === 'agent' ? this.#options.clean(input) : input)
    if (!parsed.success) return failure('invalid', 'invalid_request', z.prettifyError(parsed.error))
    try {
      return { reply: Reply.parse(await run(parsed.data, caller)) }
    } catch (error) {
      if (error instanceof NekodeError) return failure(error.kind, error.code, error.message, error.next)
      log.error('a request at the local API failed', { type, error })
      return failure('internal', 'internal', `The daemon failed: ${errorText(error)}`)
    }
  }
}

const Reply = z.looseObject({ type: z.string() })

/** An error as it goes to the caller. */
export function failure(failed: ErrorKind, code: string, message: string, next?: string): Outcome {
  return { reply: { type: 'Error', code, message, ...(next === undefined ? {} : { next }) }, failed }
}

/** Compares in a time that tells nothing about either text. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
