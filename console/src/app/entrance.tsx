import { onCleanup, onMount, type ParentProps } from 'solid-js'
import { chooseLocale, locale, locales, t, type Locale } from '../i18n'
import { start } from '../store/session'
import { change } from '../store/state'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { Logo } from './logo'

const languages = Object.entries(locales)
const isLocale = (value: string): value is Locale => value in locales

/** The frame of the pages before the login: the name, one card, and the choice of language. */
export const Entrance = (props: ParentProps<{ title: string; text: string }>) => (
  <div class="h-full overflow-y-auto bg-sidebar">
    <main class="min-h-full col items-center justify-center gap-6 px-4 py-10">
      <div class="w-full max-w-100 col gap-6">
        <header class="col items-center text-center gap-1">
          <Logo class="size-12 mb-3" />
          <h1 class="text-xl font-700 tracking-tight">{props.title}</h1>
          <p class="text-soft text-balance">{props.text}</p>
        </header>
        <div class="rounded-2xl border border-line bg-surface p-5 sm:p-6 shadow-[var(--lift)]">{props.children}</div>
        <footer class="row justify-center gap-1 text-[13px]">
          {languages.map(([value, name]) => (
            <button
              type="button"
              lang={value}
              aria-pressed={locale() === value}
              class="rounded-md px-2 py-1 text-soft hover:text-ink aria-pressed:text-ink aria-pressed:font-600"
              onClick={() => isLocale(value) && chooseLocale(value)}
            >
              {name}
            </button>
          ))}
        </footer>
      </div>
    </main>
  </div>
)

/** While nothing is known yet. Says nothing for a moment, so that a quick start does not flicker. */
export const Loading = () => (
  <div class="h-full row justify-center" role="status" aria-label={t('common.loading')}>
    <Logo class="size-12 animate-pulse opacity-60 [animation-delay:600ms]" />
  </div>
)

const askAgainMs = 3000

/** The server did not answer at all. Goes on by itself when it does. */
export function Failed() {
  onMount(() => {
    const again = () => void start()
    const timer = setInterval(again, askAgainMs)
    addEventListener('online', again)
    onCleanup(() => {
      clearInterval(timer)
      removeEventListener('online', again)
    })
  })
  return (
    <main class="h-full col justify-center">
      <Empty icon="i-lucide-unplug" title={t('offline.title')} text={t('offline.text')}>
        <Button
          kind="primary"
          icon="i-lucide-rotate-cw"
          onClick={() => {
            change((draft) => void (draft.phase = 'starting'))
            void start()
          }}
        >
          {t('common.tryAgain')}
        </Button>
      </Empty>
    </main>
  )
}
