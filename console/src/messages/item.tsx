import { A } from '@solidjs/router'
import { createMemo, createSignal, For, Show, Suspense } from 'solid-js'
import { lazy } from '../app/lazy'
import type { Message } from '@shared/contract'
import { agentPath } from '../app/paths'
import { narrow } from '../app/screen'
import { t } from '../i18n'
import { clock, fullDate, relative } from '../i18n/dates'
import { RunFooter } from '../runs/footer'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Badge } from '../ui/badge'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { isLeaving } from './actions'
import { Prose } from './body'
import { DeliveryLine } from './delivery'
import { isEditing } from './editing'
import { openOverlay, overlay } from './overlay'
import { onLongPress } from './press'
import { Reactions } from './reactions'
import { SystemMessage } from './system'

const Toolbar = lazy(() => import('./toolbar').then(({ Toolbar }) => ({ default: Toolbar })))
const Editor = lazy(() => import('./editor').then(({ Editor }) => ({ default: Editor })))
const Attachments = lazy(() =>
  import('../attachments/attachments').then(({ Attachments }) => ({ default: Attachments })),
)
const DecisionCard = lazy(() => import('../decisions/card').then(({ DecisionCard }) => ({ default: DecisionCard })))

interface MessageProps {
  message: Message
  /** Goes on where the message above left off: no name, no picture. */
  continued: boolean
  /** It was asked for by its link. */
  marked: boolean
  /** Opens its thread; absent inside a thread. */
  onThread?: ((id: string) => void) | undefined
}

/** One message with what became of it. */
export function MessageItem(props: MessageProps) {
  const system = () => props.message.sender.kind === 'system' || props.message.system !== null
  return (
    <Show when={!system()} fallback={<SystemMessage message={props.message} />}>
      <Said {...props} />
    </Show>
  )
}

/** What somebody said. Its actions are in the page only while the pointer or the focus is on it. */
function Said(props: MessageProps) {
  const [under, setUnder] = createSignal(false)
  const [within, setWithin] = createSignal(false)
  const inThread = () => props.onThread === undefined
  const open = () => overlay()?.messageId === props.message.id && overlay()?.inThread === inThread()
  const menu = (anchor: HTMLElement) =>
    openOverlay({ kind: 'menu', anchor, messageId: props.message.id, inThread: inThread(), onThread: props.onThread })
  const gone = () => props.message.deletedAt !== null || isLeaving(props.message.id)
  return (
    <article
      ref={(element) => onLongPress(element, () => menu(element))}
      tabindex={-1}
      data-message={props.message.id}
      aria-label={t('message.by', { name: props.message.sender.displayName })}
      onPointerEnter={(event) => event.pointerType === 'mouse' && setUnder(true)}
      onPointerLeave={() => setUnder(false)}
      onFocusIn={() => setWithin(true)}
      onFocusOut={(event) => setWithin(event.currentTarget.contains(asNode(event.relatedTarget)))}
      onKeyDown={(event) => {
        if (event.key !== 'ContextMenu' && !(event.key === 'F10' && event.shiftKey)) return
        event.preventDefault()
        menu(event.currentTarget)
      }}
      class={cx(
        'group relative row items-start gap-3 px-4 sm:px-5 hover:bg-hover/60 focus-within:bg-hover/60 -outline-offset-2 [@media(pointer:coarse)]:select-none',
        props.continued ? 'py-[var(--message-beside)]' : 'pt-[var(--message-above)] pb-[var(--message-beside)]',
        props.marked && 'marked',
        open() && 'bg-hover/60',
      )}
    >
      <Show
        when={!props.continued}
        fallback={
          <time class="w-12 -ml-3 shrink-0 pt-1 text-[10.5px] text-faint text-center whitespace-nowrap tabular-nums opacity-0 group-hover:opacity-100">
            {clock(props.message.createdAt)}
          </time>
        }
      >
        <SenderAvatar message={props.message} />
      </Show>
      <div class="flex-1 min-w-0 max-w-210 col">
        <Show when={!props.continued}>
          <Byline message={props.message} />
        </Show>
        <Show when={!gone()} fallback={<p class="text-faint italic">{t('message.deleted')}</p>}>
          <Content message={props.message} inThread={inThread()} />
        </Show>
        <Show when={props.message.runId}>{(id) => <RunFooter runId={id()} answer={props.message.content} />}</Show>
        <Deliveries messageId={props.message.id} preview={!inThread()} />
        <Show when={props.onThread && props.message.replyCount > 0}>
          <ThreadLink message={props.message} onOpen={() => props.onThread?.(props.message.id)} />
        </Show>
      </div>
      <Show when={(under() || within() || open()) && !narrow() && !isEditing(props.message.id, inThread())}>
        <Suspense>
          <Toolbar message={props.message} inThread={inThread()} onThread={props.onThread} />
        </Suspense>
      </Show>
    </article>
  )
}

const asNode = (target: EventTarget | null): Node | null => (target instanceof Node ? target : null)

/** What it says, what it carries, and what others think of it. */
function Content(props: { message: Message; inThread: boolean }) {
  const pinned = () => props.message.pinned
  return (
    <>
      <Show when={pinned()}>
        {(pinned) => (
          <p class="row gap-1.5 text-[12px] text-warn font-550">
            <Icon name="i-lucide-pin" />
            {t('message.pinnedBy', { name: pinned().by.displayName })}
          </p>
        )}
      </Show>
      <Show
        when={!isEditing(props.message.id, props.inThread)}
        fallback={
          <Suspense fallback={<Words message={props.message} inThread={props.inThread} />}>
            <Editor message={props.message} inThread={props.inThread} />
          </Suspense>
        }
      >
        <Show
          when={props.message.kind === 'decision' && !props.inThread}
          fallback={<Words message={props.message} inThread={props.inThread} />}
        >
          <Suspense fallback={<Words message={props.message} inThread={props.inThread} />}>
            <DecisionCard messageId={props.message.id} target={props.message.target}>
              <Words message={props.message} inThread={props.inThread} />
            </DecisionCard>
          </Suspense>
        </Show>
      </Show>
      <Show when={props.message.attachments.length > 0}>
        <Suspense>
          <Attachments message={props.message} />
        </Suspense>
      </Show>
      <Reactions message={props.message} inThread={props.inThread} />
    </>
  )
}

const Words = (props: { message: Message; inThread: boolean }) => (
  <>
    <Prose text={props.message.content} mentions={props.message.mentions} />
    <Show when={props.message.editedAt}>
      {(at) => (
        <button
          type="button"
          class="self-start text-[12px] text-faint hover:text-soft hover:underline rounded"
          onPointerEnter={(event) => tellWhen(event.currentTarget, at())}
          onClick={(event) =>
            openOverlay({
              kind: 'edits',
              messageId: props.message.id,
              inThread: props.inThread,
              anchor: event.currentTarget,
            })
          }
        >
          {t('message.edited')}
        </button>
      )}
    </Show>
  </>
)

export const SenderAvatar = (props: { message: Message }) => {
  const { sender } = props.message
  return (
    <Avatar
      name={sender.kind === 'human' ? sender.displayName : sender.name}
      kind={sender.kind === 'human' ? 'human' : sender.kind === 'agent' ? 'agent' : 'system'}
    />
  )
}

export const Byline = (props: { message: Message }) => (
  <header class="row gap-2 leading-tight mb-0.5">
    <Show
      when={props.message.sender.kind === 'agent' && state.agents[props.message.sender.id]}
      fallback={<span class="font-650 truncate">{props.message.sender.displayName}</span>}
    >
      {(agent) => (
        <A href={agentPath(agent().id)} class="font-650 truncate hover:underline rounded">
          {props.message.sender.displayName}
        </A>
      )}
    </Show>
    <Show when={props.message.sender.kind === 'agent'}>
      <Badge tone="bot">{t('message.agent')}</Badge>
    </Show>
    <Show when={props.message.kind !== 'note'}>
      <Badge tone={props.message.kind === 'blocker' ? 'bad' : 'info'}>{t(`kind.${props.message.kind}`)}</Badge>
    </Show>
    <time
      class="text-[12px] text-faint shrink-0 tabular-nums"
      onPointerEnter={(event) => tellWhen(event.currentTarget, props.message.createdAt)}
    >
      {clock(props.message.createdAt)}
    </time>
  </header>
)

function Deliveries(props: { messageId: string; preview: boolean }) {
  const ids = createMemo(() => state.byMessage[props.messageId] ?? [])
  return (
    <Show when={ids().length > 0}>
      <div class="col gap-1.5 mt-1.5 mb-1">
        <For each={ids()}>
          {(id) => (
            <Show when={state.deliveries[id]}>
              {(delivery) => <DeliveryLine delivery={delivery()} preview={props.preview} />}
            </Show>
          )}
        </For>
      </div>
    </Show>
  )
}

const ThreadLink = (props: { message: Message; onOpen: () => void }) => (
  <button
    type="button"
    onClick={() => props.onOpen()}
    class="row gap-2 self-start mt-1 mb-0.5 -ml-1.5 px-1.5 py-0.5 rounded-md text-[13px] hover:bg-surface border border-transparent hover:border-line"
  >
    <Icon name="i-lucide-messages-square" class="text-accent-text" />
    <span class="font-600 text-accent-text">{t('message.replies', { n: props.message.replyCount })}</span>
    <Show when={props.message.lastReplyAt}>{(at) => <span class="text-faint">{relative(at())}</span>}</Show>
  </button>
)

/** Written when it is pointed at: making the whole date takes long, for every message of a first screen. */
function tellWhen(element: HTMLElement, ms: number): void {
  element.title = fullDate(ms)
}
