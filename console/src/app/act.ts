import { createSignal } from 'solid-js'
import { errorNext, errorText, fieldError, isAboutFields } from '../i18n/errors'
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

/** A form's request: whether it is under way, and what went wrong with it, of all and of each field. */
export function createRequest() {
  const [busy, setBusy] = createSignal(false)
  const [error, setError] = createSignal<unknown>()
  const paths = new Set<string>()
  const known = new Set<string>()
  /** What is wrong with the field `path`; `codes` are those of errors that can only be about it. */
  const wrong = (path: string, ...codes: string[]): string | undefined => {
    paths.add(path)
    for (const code of codes) known.add(code)
    return fieldError(error(), path, codes)
  }
  const run = async (work: () => Promise<unknown>): Promise<boolean> => {
    if (busy()) return false
    setBusy(true)
    setError(undefined)
    try {
      await work()
      return true
    } catch (cause) {
      setError(() => cause)
      if (isAboutFields(cause, paths, known)) focusFirstInvalid()
      return false
    } finally {
      setBusy(false)
    }
  }
  return {
    busy,
    /** What is not said beside a field. */
    error: () => (isAboutFields(error(), paths, known) ? undefined : error()),
    wrong,
    run,
  }
}

/** In a long form the field may be out of sight; once it is marked. */
const focusFirstInvalid = () =>
  setTimeout(() => document.querySelector<HTMLElement>('form [aria-invalid="true"]')?.focus())
