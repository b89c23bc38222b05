import { useLocation, type RouteSectionProps } from '@solidjs/router'
import { type Component, createMemo, createSignal, onMount, Show, Suspense } from 'solid-js'
import { Dynamic } from 'solid-js/web'
import { t } from '../i18n'
import { state } from '../store/state'
import { CreateTaskHost } from '../tasks/open'
import { ConfirmHost } from '../ui/confirm'
import { Icon } from '../ui/icon'
import { SkeletonRows } from '../ui/skeleton'
import { ToastHost } from '../ui/toast'
import { Arrival } from './arrival'
import { Counts } from './counts'
import { CrashGuard } from './crash'
import { loadLater } from './idle'
import { KeyboardKeys } from './keys'
import { narrow } from './screen'
import { ShortcutSheet } from './shortcuts'
import { Sidebar } from './sidebar'
import { Switcher } from './switcher'
import { TabBar } from './tabbar'

/** The frame around every screen: the list of conversations beside it, or on a phone the bar of tabs below. */
export function Shell(props: RouteSectionProps) {
  const location = useLocation()
  // After the first screen: they ask the server how it is.
  const [notices, setNotices] = createSignal<Component>()
  onMount(() =>
    loadLater(
      () => import('../server/notices'),
      (loaded) => setNotices(() => loaded.default),
    ),
  )
  const inConversation = createMemo(() => /^\/[cd]\//.test(location.pathname))
  return (
    <div class="h-full col">
      <a
        href="#main"
        class="sr-only focus:not-sr-only focus:fixed focus:z-50 focus:left-3 focus:top-3 focus:rounded-lg focus:bg-accent focus:px-3 focus:py-2 focus:text-accent-ink"
      >
        {t('shell.skip')}
      </a>
      <ConnectionBanner />
      <Dynamic component={notices()} />
      <div class="row items-stretch flex-1 min-h-0">
        <Show when={!narrow()}>
          <Sidebar />
        </Show>
        <main id="main" tabindex="-1" class="flex-1 min-w-0 min-h-0 outline-none bg-canvas">
          <CrashGuard>
            <Suspense fallback={<SkeletonRows />}>{props.children}</Suspense>
          </CrashGuard>
        </main>
      </div>
      <Show when={narrow() && !inConversation()}>
        <TabBar />
      </Show>
      <Arrival />
      <Counts />
      <KeyboardKeys />
      <Switcher />
      <CreateTaskHost />
      <ShortcutSheet />
      <ConfirmHost />
      <ToastHost />
    </div>
  )
}

const ConnectionBanner = () => (
  <div aria-live="polite">
    <Show when={state.connection === 'offline'}>
      <p class="row justify-center gap-2 bg-warn-soft text-warn px-4 py-1.5 text-[13px] font-550 text-center">
        <Icon name="i-lucide-wifi-off" />
        {t('offline.banner')}
      </p>
    </Show>
  </div>
)
