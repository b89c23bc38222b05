import { For, Show } from 'solid-js'
import '../i18n/en/messages'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import { shortDate } from '../i18n/dates'
import { state } from '../store/state'
import { Dialog } from '../ui/dialog'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { Prose } from './body'

/** What a message said before each of its edits. */
export default function Edits(props: { messageId: string; onClose: () => void }) {
  const message = () => state.messages[props.messageId]
  // Asked again after each edit, also one of another browser.
  const versions = createLoad(
    () => ({ id: props.messageId, edited: message()?.editedAt }),
    ({ id }) => call('GET /api/messages/{id}/edits', { params: { id } }).then(({ items }) => items.toReversed()),
  )
  return (
    <Dialog open wide title={t('edit.history')} subtitle={t('edit.historyText')} onClose={props.onClose}>
      <ErrorNotice error={versions.error()} />
      <Show when={versions.value()} fallback={<SkeletonRows count={3} />}>
        {(versions) => (
          <ol class="col gap-3">
            <li class="rounded-xl border border-accent/40 bg-accent-soft/40 px-3.5 py-2.5">
              <p class="text-[12px] font-600 text-accent-text mb-1">{t('edit.now')}</p>
              <Prose small text={message()?.content ?? ''} mentions={message()?.mentions} />
            </li>
            <For each={versions()}>
              {(version) => (
                <li class="rounded-xl border border-line px-3.5 py-2.5">
                  <p class="text-[12px] text-faint mb-1">{t('edit.until', { when: shortDate(version.replacedAt) })}</p>
                  <Prose small text={version.content} />
                </li>
              )}
            </For>
          </ol>
        )}
      </Show>
    </Dialog>
  )
}
