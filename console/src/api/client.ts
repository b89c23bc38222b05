import { ApiError, createApiClient } from '@shared/contract/client'
import { forgetEarly, takeEarly } from './early'

export { ApiError }

const key = 'nekode.csrf'
const header = 'x-csrf-token'

const read = () => {
  try {
    return sessionStorage.getItem(key) ?? ''
  } catch {
    // Storage may be forbidden: the token then lives as long as the page.
    return ''
  }
}
let csrf = read()
let onLogout = () => {}
// What is asked for while the page goes away is to arrive nevertheless.
let leaving = false
addEventListener('pagehide', () => (leaving = true))
addEventListener('pageshow', () => (leaving = false))

/** Keeps the token that proves to the server that a request comes from this page. */
export function keepCsrf(token: string): void {
  csrf = token
  try {
    sessionStorage.setItem(key, token)
  } catch {
    // See above.
  }
}

/** The headers that each request of this page carries. */
export const authHeaders = (): Record<string, string> => (csrf ? { [header]: csrf } : {})

/** Called when the server no longer knows this browser's session. */
export function whenLoggedOut(listener: () => void): void {
  onLogout = listener
}

/** The server's API, with this browser's session. Throws `ApiError`. */
export const call = createApiClient({
  baseUrl: '',
  headers: authHeaders,
  async fetch(url, init) {
    const response = await (takeEarly(url, init) ?? fetch(url, leaving ? { ...init, keepalive: true } : init))
    const token = response.headers.get(header)
    if (token) keepCsrf(token)
    if (response.status === 401) forgetEarly()
    if (response.status === 401 && !url.startsWith('/api/auth/')) onLogout()
    return response
  },
})
