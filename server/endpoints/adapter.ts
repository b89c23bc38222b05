import type { GuardedRequest, GuardedResponse } from '../http/guarded'

/** What goes to an endpoint, in the terms of every provider. */
export interface Outgoing {
  /** The delivery: what the receiver tells repetitions by. */
  id: string
  /** `message.created`, `task.state_changed` … */
  type: string
  /** Of the event, in Unix milliseconds. */
  timestamp: number
  target: string
  /** For people. */
  text: string
  /** The whole entity as the HTTP API shows it. */
  data: unknown
  /** What it answers, as the endpoint calls it. */
  replyTo: string | null
}

/** What became of one attempt. Errors are texts without secrets. */
export type Outcome =
  | { ok: true; externalId?: string | undefined }
  | { ok: false; error: string; retry: boolean; retryAfterSeconds?: number | undefined }

/** The settings of one endpoint, secrets opened. */
export type Settings = Readonly<Record<string, unknown>>

/** How a provider is reached: one request for one message. */
export interface Adapter {
  /** @param now Unix milliseconds, for signatures. Throws nothing: settings were checked when they were saved. */
  request(settings: Settings, outgoing: Outgoing, now: number): GuardedRequest
  /** Reads an answer whose status is a success, where that alone says little. Default: it arrived. */
  read?(answer: GuardedResponse): Outcome
}

/** Says with a status other than success what that means. Some will never change however often one asks. */
const FINAL = new Set([400, 410, 413, 415, 422])

export function outcomeOf(adapter: Adapter, answer: GuardedResponse, now: number): Outcome {
  const { status, headers } = answer
  if (status >= 200 && status < 300) return adapter.read?.(answer) ?? { ok: true }
  const said = adapter.read?.(answer)
  const retryAfterSeconds =
    retryAfter(headers['retry-after'], now) ?? (said && !said.ok ? said.retryAfterSeconds : undefined)
  const detail = said && !said.ok && said.error !== '' ? `: ${said.error}` : ''
  const error = `The receiver answered ${status}${detail}`.slice(0, 500)
  return { ok: false, error, retry: !FINAL.has(status), retryAfterSeconds }
}

/** Seconds of a `Retry-After`, which is a number or a date. */
function retryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text)
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000))
}
