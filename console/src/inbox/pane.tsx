import { Match, Show, Suspense, Switch, type JSX } from 'solid-js'
import { lazy } from '../app/lazy'
import { ApprovalRequest } from '../approvals/request'
import { createLoad } from '../app/load'
import { conversationPath, runPath } from '../app/paths'
import { t } from '../i18n'
import '../i18n/en/inbox'
import { Conversation } from '../messages/conversation'
import { MessageItem } from '../messages/item'
import { fetchMessage } from '../store/lists'
import { state } from '../store/state'
import { IconButton, LinkButton } from '../ui/button'
import { Icon } from '../ui/icon'
import { SkeletonRows } from '../ui/skeleton'
import type { Entry } from './entries'
import { entryTexts, kindIcons, whereText } from './row'
import { inbox } from './store'
import { TunnelRequest } from './tunnel'

const EntryTask = lazy(() => import('./task'))

interface PaneProps {
  entry: Entry
  onDone: () => void
  onUnread: () => void
  /** On a phone: leads back to the list. */
  back?: JSX.Element
}

/** Where an entry stands in the rest of the console. */
export function placeOf(entry: Entry): string {
  if (entry.kind === 'task' && entry.taskId) return `/tasks/${entry.taskId}`
  const run = entry.kind === 'approval' ? state.approvals[entry.id]?.runId : undefined
  if (run) return runPath(run)
  return conversationPath(entry.target, {
    thread: entry.threadId,
    message: entry.messageId === entry.threadId ? null : entry.messageId,
  })
}

/** What an entry is about, with everything that can be done about it. */
export const ReadingPane = (props: PaneProps) => (
  <section aria-label={t('inbox.reading')} data-reading class="col h-full min-h-0 min-w-0">
    <header class="row gap-2 h-13 px-3 border-b border-line shrink-0">
      {props.back}
      <Icon name={kindIcons[props.entry.kind]} class="text-[16px] text-soft ml-1" />
      <h2 class="flex-1 min-w-0 font-600 text-[14px] truncate">
        {t(`inbox.kind.${props.entry.kind}`)}
        <span class="font-400 text-soft"> · {whereText(props.entry.target)}</span>
      </h2>
      <LinkButton size="sm" kind="ghost" icon="i-lucide-arrow-up-right" href={placeOf(props.entry)}>
        <span class="max-sm:sr-only">{t('inbox.open')}</span>
      </LinkButton>
      <IconButton icon="i-lucide-mail" label={t('inbox.markUnread')} onClick={() => props.onUnread()} />
      <IconButton icon="i-lucide-check" label={t('inbox.markDone')} onClick={() => props.onDone()} />
    </header>
    <Switch>
      <Match when={props.entry.kind === 'approval' && state.approvals[props.entry.id]}>
        {(approval) => (
          <div class="p-4 sm:p-5 overflow-y-auto col gap-3">
            <p class="text-[13.5px] text-soft">{entryTexts(props.entry).title}</p>
            <ApprovalRequest approval={approval()} />
          </div>
        )}
      </Match>
      <Match when={props.entry.kind === 'tunnel' && inbox.tunnels[props.entry.id]}>
        {(tunnel) => (
          <div class="p-4 sm:p-5 overflow-y-auto">
            <TunnelRequest tunnel={tunnel()} />
          </div>
        )}
      </Match>
      <Match when={props.entry.kind === 'task' && props.entry.taskId}>
        {(taskId) => <TaskPane entry={props.entry} taskId={taskId()} />}
      </Match>
      <Match when={props.entry.threadId}>
        {(threadId) => <ThreadPane entry={props.entry} threadId={threadId()} />}
      </Match>
      <Match when={props.entry.messageId}>
        {(messageId) => <Conversation target={props.entry.target} threadId={null} around={messageId()} />}
      </Match>
    </Switch>
  </section>
)

function ThreadPane(props: { entry: Entry; threadId: string }) {
  createLoad(
    () => props.threadId,
    (id) =>
      fetchMessage(id).then(
        () => true,
        // Its first message is gone; the replies are still there.
        () => false,
      ),
  )
  return (
    <Conversation
      target={props.entry.target}
      threadId={props.threadId}
      around={props.entry.messageId && props.entry.messageId !== props.threadId ? props.entry.messageId : undefined}
      intro={
        <Show when={state.messages[props.threadId]}>
          {(root) => (
            <div class="pb-3 mb-1 border-b border-line">
              <MessageItem message={root()} continued={false} marked={false} />
            </div>
          )}
        </Show>
      }
    />
  )
}

/** Why the reader is told of a task, and the task. */
function TaskPane(props: { entry: Entry; taskId: string }) {
  return (
    <>
      <p class="px-4 sm:px-5 py-2 text-[13px] text-soft border-b border-line shrink-0">
        {t(`inbox.reason.${props.entry.reason ?? 'assigned'}`)}
      </p>
      <Suspense fallback={<SkeletonRows avatar={false} />}>
        <EntryTask taskId={props.taskId} />
      </Suspense>
    </>
  )
}
