import type { ContentfulStatusCode } from 'hono/utils/http-status'

/**
 * What a Neko server says no with. It carries a status of that protocol, because clients tell cases apart by it and the kinds of
 * NekodeError do not have all of them (422).
 */
export class Refusal extends Error {
  constructor(
    readonly status: ContentfulStatusCode,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message)
    this.name = 'Refusal'
  }
}

export const badRequest = (message: string): Refusal => new Refusal(400, message)
export const forbidden = (message: string): Refusal => new Refusal(403, message)
export const notFound = (message: string): Refusal => new Refusal(404, message)
export const unprocessable = (message: string): Refusal => new Refusal(422, message)
export const failed = (message: string): Refusal => new Refusal(500, message)
