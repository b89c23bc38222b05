import { MAX_CONTENT } from '@shared/contract'
import { NekodeError } from '@shared/errors'

/** A message's text, well-formed and of a length that the HTTP API accepts too. */
export function contentOf(text: string): string {
  if (text.length > MAX_CONTENT)
    throw new NekodeError('invalid', `A message has at most ${MAX_CONTENT} characters.`, {
      code: 'invalid_request',
      next: 'Send less, or several messages.',
    })
  return text.toWellFormed()
}
