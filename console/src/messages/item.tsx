import { A } from '@solidjs/router'
import { createMemo, For, Show } from 'solid-js'
import type { Message } from '@shared/contract'
import { agentPath, conversationPath } from '../app/paths'
import { t } from '../i18n'
import { clock, fullDate, relative } from '../i18n/dates'
import { RunFooter } from '../runs/footer'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Badge } from '../ui/badge'
import { IconButton } from '../ui/button'
import { copyText } from '../ui/copy'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { toast } from '../ui/toast'
import { Prose } from './body'
import { DeliveryLine } from './delivery'
import { SystemMessage } from './system'

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
      <article
        aria-label={t('message.by', { name: props.message.sender.displayName })}
        class={cx(
          'group relative row items-start gap-3 px-4 sm:px-5 hover:bg-hover/60 focus-within:bg-hover/60',
          props.continued ? 'py-0.5' : 'pt-2 pb-0.5',
          props.marked && 'bg-warn-soft!',
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
          <Show
            when={props.message.deletedAt === null}
            fallback={<p class="text-faint italic">{t('message.deleted')}</p>}
          >
            <Prose text={props.message.content} mentions={props.message.mentions} />
            <Show when={props.message.editedAt}>
              {(at) => (
                <span class="text-[12px] text-faint" title={fullDate(at())}>
                  {t('message.edited')}
                </span>
              )}
            </Show>
          </Show>
          <Show when={props.message.runId}>{(id) => <RunFooter runId={id()} answer={props.message.content} />}</Show>
          <Deliveries messageId={props.message.id} preview={props.onThread !== undefined} />
          <Show when={props.onThread && props.message.replyCount > 0}>
            <ThreadLink message={props.message} onOpen={() => props.onThread?.(props.message.id)} />
          </Show>
        </div>
        <Toolbar message={props.message} onThread={props.onThread} />
      </article>
    </Show>
  )
}

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
    <time class="text-[12px] text-faint shrink-0 tabular-nums" title={fullDate(props.message.createdAt)}>
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

function Toolbar(props: { message: Message; onThread: MessageProps['onThread'] }) {
  const copy = async (text: string, done: string) => {
    if (await copyText(text)) toast('ok', done)
    else toast('bad', t('common.copyFailed'))
  }
  const link = () =>
    location.origin +
    conversationPath(props.message.target, { thread: props.message.threadId, message: props.message.id })
  return (
    <div class="absolute right-3 -top-3.5 row rounded-lg border border-line bg-raised shadow-[var(--lift)] opacity-0 pointer-events-none group-hover:opacity-100 group-hover:pointer-events-auto group-focus-within:opacity-100 group-focus-within:pointer-events-auto">
      <Show when={props.onThread}>
        {(open) => (
          <IconButton
            icon="i-lucide-message-square-reply"
            label={t('message.reply')}
            onClick={() => open()(props.message.threadId ?? props.message.id)}
          />
        )}
      </Show>
      <IconButton
        icon="i-lucide-copy"
        label={t('message.copy')}
        onClick={() => void copy(props.message.content, t('common.copied'))}
      />
      <IconButton
        icon="i-lucide-link"
        label={t('message.copyLink')}
        onClick={() => void copy(link(), t('message.linkCopied'))}
      />
    </div>
  )
}
