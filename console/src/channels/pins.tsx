import { A } from '@solidjs/router'
import { createMemo, For, Show } from 'solid-js'
import type { Channel, Message } from '@shared/contract'
import '../i18n/en/panels'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { conversationPath } from '../app/paths'
import { t } from '../i18n'
import { clock, fullDate, shortDate } from '../i18n/dates'
import { setPinned } from '../messages/actions'
import { allowedOn } from '../messages/allowed'
import { Prose } from '../messages/body'
import { createCollection, type Collection } from '../store/collection'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { IconButton } from '../ui/button'
import { Empty } from '../ui/empty'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { SidePanel } from './side'

/** Messages as they were pinned, changed or unpinned since the panel was loaded. */
const seen: Collection<Message> = createCollection<Message>({
  ofEvent: (event) =>
    event.kind === 'message' && (event.payload.pinned || seen.items[event.payload.id]) ? event.payload : undefined,
  idOf: (message) => message.id,
  age: (message) => message.editedAt ?? message.createdAt,
})

/** The pinned messages of a channel, the latest pinned first. */
export default function Pins(props: { channel: Channel; onClose: () => void; onThread: (id: string) => void }) {
  const loaded = createLoad(
    () => ({ target: props.channel.target, era: seen.era() }),
    async ({ target }) => {
      seen.put(...(await call('GET /api/channels/{target}/pins', { params: { target } })).items)
      return true
    },
  )
  const pins = createMemo(() =>
    Object.values(seen.items)
      .filter(({ target, pinned, deletedAt }) => target === props.channel.target && pinned && deletedAt === null)
      .sort((a, b) => (b.pinned?.at ?? 0) - (a.pinned?.at ?? 0))
      .map(({ id }) => id),
  )
  return (
    <SidePanel title={t('pins.title')} onClose={props.onClose}>
      <ErrorNotice error={loaded.error()} />
      <Show when={loaded.value() || loaded.error()} fallback={<SkeletonRows count={3} />}>
        <ul class="col gap-3">
          <For each={pins()} fallback={<Empty icon="i-lucide-pin" title={t('pins.none')} text={t('pins.noneText')} />}>
            {(id) => <Show when={seen.items[id]}>{(message) => <Pin message={message()} />}</Show>}
          </For>
        </ul>
      </Show>
    </SidePanel>
  )
}

function Pin(props: { message: Message }) {
  const may = () => allowedOn(props.message, state.me, state.channels[props.message.target]).join
  const link = () =>
    conversationPath(props.message.target, { thread: props.message.threadId, message: props.message.id })
  return (
    <li class="rounded-xl border border-line bg-surface px-3.5 py-2.5">
      <header class="row gap-2 mb-1">
        <Avatar
          name={props.message.sender.kind === 'human' ? props.message.sender.displayName : props.message.sender.name}
          kind={props.message.sender.kind === 'agent' ? 'agent' : 'human'}
          size="xs"
        />
        <span class="font-600 text-[13.5px] truncate">{props.message.sender.displayName}</span>
        <time class="flex-1 text-[12px] text-faint" title={fullDate(props.message.createdAt)}>
          {clock(props.message.createdAt)}
        </time>
        <Show when={may()}>
          <IconButton
            icon="i-lucide-pin-off"
            label={t('pins.unpin')}
            onClick={() => void setPinned(props.message, false)}
          />
        </Show>
      </header>
      <div class="max-h-60 overflow-hidden">
        <Prose small text={props.message.content} mentions={props.message.mentions} />
      </div>
      <footer class="row flex-wrap gap-x-2 mt-1.5 text-[12px] text-faint">
        <Show when={props.message.pinned}>
          {(pinned) => <span>{t('pins.by', { name: pinned().by.displayName, when: shortDate(pinned().at) })}</span>}
        </Show>
        <A href={link()} class="text-accent-text font-550 hover:underline rounded">
          {t('panel.show')}
        </A>
      </footer>
    </li>
  )
}
