import { createUniqueId, For } from 'solid-js'
import type { Channel, NotifyLevel } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import { put } from '../store/apply'
import { change } from '../store/state'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'

const levels: NotifyLevel[] = ['all', 'mentions', 'nothing']

/** What the reader is told of in a conversation. It holds at once, on all of their devices. */
export default function NotifyDialog(props: { channel: Channel; open: boolean; onClose: () => void }) {
  const name = createUniqueId()
  const choose = async (level: NotifyLevel) => {
    const { target, notify: before } = props.channel
    const set = (value: NotifyLevel) =>
      change((draft) => {
        const known = draft.channels[target]
        if (known) known.notify = value
      })
    set(level)
    const done = await act(async () => {
      const channel = await call('PUT /api/channels/{target}/notifications', { params: { target }, body: { level } })
      change((draft) => put(draft.channels, target, channel))
    })
    if (!done) set(before)
  }
  return (
    <Dialog
      open={props.open}
      onClose={() => props.onClose()}
      title={t('notify.title')}
      subtitle={channelTitle(props.channel)}
      footer={
        <Button kind="primary" onClick={() => props.onClose()}>
          {t('common.done')}
        </Button>
      }
    >
      <fieldset class="col gap-1 min-w-0">
        <legend class="text-[13px] text-soft mb-2">{t('notify.text')}</legend>
        <For each={levels}>
          {(level) => (
            <label class="row items-start gap-3 rounded-lg px-3 py-2.5 hover:bg-hover cursor-pointer">
              <input
                type="radio"
                name={name}
                class="mt-1 size-4 shrink-0 accent-[var(--accent)]"
                checked={props.channel.notify === level}
                onChange={() => void choose(level)}
              />
              <span class="col gap-0.5 min-w-0">
                <span class="font-550 text-[14px]">{t(`notify.${level}`)}</span>
                <span class="text-[13px] text-soft">{t(`notify.${level}Text`)}</span>
              </span>
            </label>
          )}
        </For>
      </fieldset>
    </Dialog>
  )
}
