import { For, Show } from 'solid-js'
import { shownName } from '../attachments/file'
import { Standing } from '../attachments/chips'
import { uploads } from '../attachments/uploads'
import { draftOf, setDraft } from '../composer/drafts'
import { t } from '../i18n'
import { discard, resend } from '../store/outbox'
import { listKey, state, type Pending, type PendingFile } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Button } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { Prose } from './body'

/** A message of one's own that the server does not have yet, or did not take. */
export const PendingItem = (props: { pending: Pending }) => (
  <article class="row items-start gap-3 px-4 sm:px-5 pt-2 pb-0.5">
    <Avatar name={state.me?.displayName ?? ''} kind="human" class={cx(!props.pending.error && 'opacity-60')} />
    <div class="flex-1 min-w-0 max-w-210">
      <header class="row gap-2 leading-tight mb-0.5">
        <span class="font-650">{state.me?.displayName}</span>
        <Show when={!props.pending.error}>
          <span class="row gap-1 text-[12px] text-faint">
            <Icon name="i-lucide-clock" />
            {props.pending.waiting
              ? t('outbox.waiting', { n: props.pending.files.filter(({ attachment }) => !attachment).length })
              : t('message.sending')}
          </span>
        </Show>
      </header>
      <div class={cx(!props.pending.error && 'opacity-60')}>
        <Prose text={props.pending.content} />
        <Show when={props.pending.files.length > 0}>
          <ul class="row flex-wrap gap-1.5 mt-1">
            <For each={props.pending.files}>{(file) => <WaitingFile file={file} />}</For>
          </ul>
        </Show>
      </div>
      <Show when={props.pending.error}>
        {(error) => (
          <div class="row flex-wrap gap-2 mt-1 text-[13px] text-bad" role="alert">
            <Icon name="i-lucide-circle-alert" />
            <span>
              {t('message.notSent')} {error().offline ? t('error.unreachable') : error().message}
            </span>
            <Button size="sm" onClick={() => void resend(props.pending.requestId)}>
              {t('common.retry')}
            </Button>
            <Button size="sm" kind="ghost" onClick={() => takeBack(props.pending)}>
              {t('outbox.edit')}
            </Button>
            <Button size="sm" kind="ghost" onClick={() => discard(props.pending.requestId)}>
              {t('message.discard')}
            </Button>
          </div>
        )}
      </Show>
    </div>
  </article>
)

/** Brings what could not be sent back into the field, behind what is written there. */
function takeBack({ requestId, target, threadId, content }: Pending): void {
  const key = listKey(target, threadId)
  setDraft(key, [draftOf(key).trimEnd(), content].filter(Boolean).join('\n\n'))
  discard(requestId)
}

const WaitingFile = (props: { file: PendingFile }) => (
  <li class="row gap-2 rounded-lg border border-line bg-surface px-2.5 py-1.5 text-[13px] max-w-full">
    <Icon name={props.file.attachment ? 'i-lucide-check text-ok' : 'i-lucide-upload text-soft'} />
    <bdi class="truncate font-550">{shownName(props.file.name, 40)}</bdi>
    <span class="text-[12px] text-faint whitespace-nowrap">
      <Show when={!props.file.attachment && uploads[props.file.uploadId]}>
        {(upload) => <Standing file={upload()} />}
      </Show>
    </span>
  </li>
)
