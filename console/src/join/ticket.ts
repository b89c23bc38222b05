import { createSignal } from 'solid-js'

/** A code that came with the address: `/join#nki_…` or `/reset#nkr_…`. */
function fromAddress(): string | undefined {
  if (!/^\/(join|reset)$/.test(location.pathname)) return undefined
  const code = location.hash.slice(1)
  return /^nk[ir]_[\w-]{43}$/.test(code) ? code : ''
}

const [ticket, setTicket] = createSignal(fromAddress())

/** The code of the link that was opened; empty for a link that lacks it, undefined for any other page. */
export { ticket }

// What is in the address stays in the history of the browser, and on the screen.
if (ticket() !== undefined) history.replaceState(null, '', location.pathname)

/** Goes on to the console. */
export function leaveTicket(): void {
  history.replaceState(null, '', '/')
  setTicket(undefined)
}
