import { ErrorBoundary, type ParentProps } from 'solid-js'
import { ApiError } from '../api/client'
import { t } from '../i18n'
import { errorNext, errorText } from '../i18n/errors'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { NotFound } from './notfound'

/** Keeps a part of the page that fails from taking the rest with it. */
export const CrashGuard = (props: ParentProps) => (
  <ErrorBoundary
    fallback={(error: unknown, reset) => {
      if (error instanceof ApiError && error.status === 404) return <NotFound />
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
