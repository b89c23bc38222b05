import { call } from '../api/client'

/** How often a console that is looked at says so; the server believes it for half a minute more. */
const everyMs = 60_000

/** Tells the server whether somebody looks at this console, so that their other devices stay silent. Only for who gets notifications. */
export function reportFocus(): void {
  let told = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const tell = () => {
    const focused = document.hasFocus()
    clearTimeout(timer)
    if (focused) timer = setTimeout(tell, everyMs)
    if (!focused && !told) return
    told = focused
    call('PUT /api/push/focus', { body: { focused } }).catch(() => {
      // Without it there is one notification too many.
    })
  }
  addEventListener('focus', tell)
  addEventListener('blur', tell)
  tell()
}
