import { A } from '@solidjs/router'
import { createSignal, onMount, Show } from 'solid-js'
import type { Message } from '@shared/contract'
import { createLoad } from '../app/load'
import { conversationPath } from '../app/paths'
import { t } from '../i18n'
import { clock } from '../i18n/dates'
import { RunFooter } from '../runs/footer'
import { fetchMessage } from '../store/lists'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { cx } from '../ui/cx'
import { Skeleton } from '../ui/skeleton'
import { Prose } from './body'

/** An answer that stands in the thread, under the message that asked for it. */
export function AnswerPreview(props: { messageId: string }) {
  const failed = createLoad(
    () => (state.messages[props.messageId] ? undefined : props.messageId),
    (id) =>
      fetchMessage(id).then(
        () => false,
        () => true,
      ),
  )
  return (
    <Show
      when={state.messages[props.messageId]}
      fallback={<Show when={!failed.value()}>{<Skeleton class="h-8 w-3/5" />}</Show>}
    >
      {(message) => <Preview message={message()} />}
    </Show>
  )
}

/** Higher than this, in pixels, an answer is cut; the thread has all of it. */
const highest = 420

function Preview(props: { message: Message }) {
  const [cut, setCut] = createSignal(false)
  let body: HTMLDivElement | undefined
  onMount(() => setCut((body?.scrollHeight ?? 0) > highest + 40))
  const link = () =>
    conversationPath(props.message.target, { thread: props.message.threadId, message: props.message.id })
  return (
    <div class="rounded-xl border border-line bg-surface px-3.5 py-2.5">
      <header class="row gap-2 mb-1 leading-tight">
        <Avatar name={props.message.sender.name} kind="agent" size="xs" />
        <span class="font-600 text-[13.5px]">{props.message.sender.displayName}</span>
        <time class="text-[12px] text-faint tabular-nums">{clock(props.message.createdAt)}</time>
      </header>
      <div
        ref={(element) => (body = element)}
        class={cx(cut() && 'overflow-hidden [mask-image:linear-gradient(#000_70%,transparent)]')}
        style={{ 'max-height': cut() ? `${highest}px` : undefined }}
      >
        <Show
          when={props.message.deletedAt === null}
          fallback={<p class="text-faint italic">{t('message.deleted')}</p>}
        >
          <Prose text={props.message.content} mentions={props.message.mentions} />
        </Show>
      </div>
      <Show when={cut()}>
        <A href={link()} class="text-[13px] text-accent-text font-550 hover:underline rounded">
          {t('message.readAll')}
        </A>
      </Show>
      <Show when={props.message.runId}>{(id) => <RunFooter runId={id()} answer={props.message.content} />}</Show>
    </div>
  )
}
