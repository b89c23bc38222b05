import { ErrorBoundary, type ParentProps } from 'solid-js'
import { ApiError } from '../api/client'
import { t } from '../i18n'
import { errorNext, errorText } from '../i18n/errors'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { SkeletonRows } from '../ui/skeleton'
import { serverBack } from './lazy'
import { NotFound } from './notfound'

/** A part of the page that the server no longer has: it was updated while the page was open. */
const isStale = (error: unknown) =>
  error instanceof TypeError && /dynamically imported module|importing a module script/i.test(error.message)

/**
 * Loads the page anew once there is a server to load it from, but not in a circle: when that did not help a moment ago, the reader is told.
 */
function reloadOnce(): boolean {
  const last = Number(sessionStorage.getItem('nekode.reloaded') ?? 0)
  if (Date.now() - last < 60_000) return false
  void serverBack().then(() => {
    sessionStorage.setItem('nekode.reloaded', String(Date.now()))
    location.reload()
  })
  return true
}

/** Keeps a part of the page that fails from taking the rest with it. */
export const CrashGuard = (props: ParentProps) => (
  <ErrorBoundary
    fallback={(error: unknown, reset) => {
      if (error instanceof ApiError && error.status === 404) return <NotFound />
      if (isStale(error) && reloadOnce()) return <SkeletonRows />
      console.error(error)
      return (
        <div class="h-full col justify-center" role="alert">
          <Empty icon="i-lucide-circle-alert" title={errorText(error)} text={errorNext(error) ?? t('crash.next')}>
            <Button kind="primary" icon="i-lucide-rotate-cw" onClick={reset}>
              {t('common.tryAgain')}
            </Button>
            <Button onClick={() => location.reload()}>{t('crash.reload')}</Button>
          </Empty>
        </div>
      )
    }}
  >
    {props.children}
  </ErrorBoundary>
)
