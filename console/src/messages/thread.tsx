import { Show } from 'solid-js'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { narrow } from '../app/screen'
import { t } from '../i18n'
import { fetchMessage } from '../store/lists'
import { state } from '../store/state'
import { Button, IconButton } from '../ui/button'
import { Skeleton } from '../ui/skeleton'
import { cx } from '../ui/cx'
import { Conversation } from './conversation'
import { isFollowed, loadThread, setFollow } from './follows'
import { MessageItem } from './item'

interface ThreadProps {
  target: string
  threadId: string
  around: string | undefined
  onClose: () => void
}

/** A thread beside its channel; on a phone instead of it. */
export function ThreadPanel(props: ThreadProps) {
  const root = () => state.messages[props.threadId]
  const missing = createLoad(
    () => props.threadId,
    (id) =>
      fetchMessage(id).then(
        () => false,
        () => true,
      ),
  )
  const info = createLoad(
    () => props.threadId,
    (id) => loadThread(id),
  )
  return (
    <aside
      aria-label={t('thread.title')}
      class={cx('col min-w-0 bg-canvas', narrow() ? 'flex-1' : 'w-105 xl:w-120 shrink-0 border-l border-line')}
    >
      <header class="row gap-2 h-13 pl-4 pr-2 border-b border-line shrink-0">
        <h2 class="font-650 text-[15px]">{t('thread.title')}</h2>
        <span class="text-[13px] text-soft truncate flex-1">{state.channels[props.target]?.name}</span>
        <Show when={isFollowed(props.threadId) !== undefined}>
          <Button
            size="sm"
            kind="ghost"
            icon={isFollowed(props.threadId) ? 'i-lucide-bell-ring' : 'i-lucide-bell'}
            aria-pressed={isFollowed(props.threadId)}
            title={t(isFollowed(props.threadId) ? 'thread.followingText' : 'thread.followText')}
            onClick={() => void act(() => setFollow(props.threadId, !isFollowed(props.threadId)))}
          >
            {t(isFollowed(props.threadId) ? 'thread.following' : 'thread.follow')}
          </Button>
        </Show>
        <IconButton icon="i-lucide-x" label={t('thread.close')} onClick={() => props.onClose()} />
      </header>
      <Conversation
        target={props.target}
        threadId={props.threadId}
        around={props.around === props.threadId ? undefined : props.around}
        replies={() => info.value()?.unreadCount}
        intro={
          <Show
            when={root()}
            fallback={
              <Show when={missing.value()} fallback={<Skeleton class="h-4 w-3/5 m-5" />}>
                <p class="p-5 text-soft">{t('thread.missing')}</p>
              </Show>
            }
          >
            {(root) => (
              <div class="pb-2">
                <MessageItem message={root()} continued={false} marked={false} />
                <div class="row gap-3 px-5 pt-2 text-[12px] text-faint">
                  {t('message.replies', { n: state.lists[`${props.target}/${props.threadId}`]?.ids.length ?? 0 })}
                  <span class="flex-1 h-px bg-line" />
                </div>
              </div>
            )}
          </Show>
        }
      />
    </aside>
  )
}
