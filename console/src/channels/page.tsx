import { useParams, useSearchParams } from '@solidjs/router'
import { createEffect, createMemo, onCleanup, onMount, Show, Suspense } from 'solid-js'
import { lazy } from '../app/lazy'
import { NotFound } from '../app/notfound'
import { createLoad } from '../app/load'
import { keepLastTarget } from '../app/paths'
import { narrow } from '../app/screen'
import { t } from '../i18n'
import { Conversation } from '../messages/conversation'
import { overlay } from '../messages/overlay'
import { ThreadPanel } from '../messages/thread'
import { refreshChannel } from '../store/session'
import { state } from '../store/state'
import { SkeletonRows } from '../ui/skeleton'
import { ChannelHeader } from './header'
import { panelOf } from './panels'

const Panel = lazy(() => import('./panel'))
const Overlays = lazy(() => import('../messages/overlays'))

const text = (value: string | string[] | undefined) => (typeof value === 'string' ? value : undefined)

/** A channel or a direct conversation, with a thread beside it when one is open. */
export default function ConversationPage() {
  const params = useParams<{ kind: string; name: string }>()
  const [search, setSearch] = useSearchParams()
  const target = createMemo(() => `${params.kind === 'd' ? 'dm:' : '#'}${decodeURIComponent(params.name)}`)
  const channel = () => state.channels[target()]
  const thread = () => text(search['thread'])
  const message = () => text(search['message'])
  const panel = () => (thread() ? undefined : panelOf(text(search['panel'])))
  const openThread = (id: string | undefined) => setSearch({ thread: id, message: undefined, panel: undefined })
  const openPanel = (name: string | undefined) => setSearch({ panel: name, thread: undefined, message: undefined })

  // A link may lead to a channel that the snapshot did not hold, such as one that was made a moment ago.
  const asked = createLoad(
    () => (channel() ? undefined : target()),
    (target) => refreshChannel(target).then(() => true),
  )
  createEffect(() => channel() && keepLastTarget(target()))

  const keydown = (event: KeyboardEvent) => {
    if (
      event.key === 'Escape' &&
      !event.defaultPrevented &&
      (thread() || panel()) &&
      !document.querySelector('dialog[open], :popover-open')
    ) {
      openThread(undefined)
    }
  }
  onMount(() => document.addEventListener('keydown', keydown))
  onCleanup(() => document.removeEventListener('keydown', keydown))

  return (
    <Show
      when={channel()}
      fallback={
        <Show when={asked.value()} fallback={<SkeletonRows />}>
          <NotFound title={t('channel.missing')} text={t('channel.missingText')} />
        </Show>
      }
    >
      {(channel) => (
        <div class="row items-stretch h-full min-h-0">
          <Show when={!(narrow() && (thread() || panel()))}>
            <section class="col flex-1 min-w-0" aria-label={channel().name}>
              <ChannelHeader channel={channel()} panel={panel()} onPanel={openPanel} />
              <Show when={target()} keyed>
                {(target) => (
                  <Conversation
                    target={target}
                    threadId={null}
                    around={thread() ? undefined : message()}
                    onThread={openThread}
                  />
                )}
              </Show>
            </section>
          </Show>
          <Show when={thread()} keyed>
            {(id) => (
              <ThreadPanel target={target()} threadId={id} around={message()} onClose={() => openThread(undefined)} />
            )}
          </Show>
          <Show when={panel()}>
            {(name) => (
              <Suspense>
                <Panel name={name()} channel={channel()} onClose={() => openPanel(undefined)} onThread={openThread} />
              </Suspense>
            )}
          </Show>
          <Show when={overlay()}>
            <Suspense>
              <Overlays />
            </Suspense>
          </Show>
        </div>
      )}
    </Show>
  )
}
