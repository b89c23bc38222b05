import { createSignal } from 'solid-js'
import { errorNext, errorText } from '../i18n/errors'
import { toast } from '../ui/toast'

/** Carries out what a button stands for; when it fails, says so in the corner. Resolves whether it worked. */
export async function act(work: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await work()
    if (done) toast('ok', done)
    return true
  } catch (error) {
    toast('bad', errorText(error), errorNext(error))
    return false
  }
}

/** A form's request: whether it is under way, and what went wrong with it. */
export function createRequest() {
  const [busy, setBusy] = createSignal(false)
  const [error, setError] = createSignal<unknown>()
  const run = async (work: () => Promise<unknown>): Promise<boolean> => {
    if (busy()) return false
    setBusy(true)
    setError(undefined)
    try {
      await work()
      return true
    } catch (cause) {
      setError(() => cause)
      return false
    } finally {
      setBusy(false)
    }
  }
  return { busy, error, run }
}
