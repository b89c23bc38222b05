/** The console runs only its own code, in its own style, and talks only to its own server. */
const CONSOLE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "worker-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')
/** Nothing in an answer of the API is for a browser to run or to show in a frame. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'"

const YEAR_SECONDS = 31_536_000

/** Adds the security headers that every response has. A handler's own policy stays. */
export function secure(response: Response, tls: boolean): Response {
  const { headers } = response
  headers.set('x-content-type-options', 'nosniff')
  headers.set('referrer-policy', 'no-referrer')
  headers.set('x-frame-options', 'DENY')
  if (!headers.has('content-security-policy')) {
    const page = headers.get('content-type')?.startsWith('text/html')
    headers.set('content-security-policy', page ? CONSOLE_POLICY : API_POLICY)
  }
  if (tls) headers.set('strict-transport-security', `max-age=${YEAR_SECONDS}`)
  return response
}
