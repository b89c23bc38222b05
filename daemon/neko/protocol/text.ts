/**
 * The text of what somebody said, in the chat or to a session: itself, or its `text` or `message`, or those of its `content`. Servers and clients of all
 * ages spell it differently. Empty: there is none.
 */
export function textOf(body: unknown): string {
  const direct = plainText(body)
  return direct ?? plainText(Object(body).content) ?? ''
}

function plainText(body: unknown): string | undefined {
  if (typeof body === 'string') return body
  const { text, message } = Object(body)
  if (typeof text === 'string') return text
  return typeof message === 'string' ? message : undefined
}
