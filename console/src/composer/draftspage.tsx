import { A } from '@solidjs/router'
import { createMemo, For, Show } from 'solid-js'
import { conversationPath } from '../app/paths'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/drafts'
import { state } from '../store/state'
import { IconButton } from '../ui/button'
import { Empty } from '../ui/empty'
import { Icon } from '../ui/icon'
import { Page } from '../ui/page'
import { toast } from '../ui/toast'
import { draftOf, draftPlaces, setDraft } from './drafts'
import './sync'

type Place = ReturnType<typeof draftPlaces>[number]

/** Everything that is written and not sent, wherever that was. */
export default function DraftsPage() {
  const places = createMemo(() => draftPlaces().filter(({ target }) => state.channels[target]))
  return (
    <Page title={t('nav.drafts')}>
      <Show
        when={places().length > 0}
        fallback={<Empty icon="i-lucide-pencil-line" title={t('draft.empty')} text={t('draft.emptyText')} />}
      >
        <p class="text-soft text-[13.5px]">{t('draft.text')}</p>
        <ul class="rounded-xl border border-line bg-surface divide-y divide-line">
          <For each={places()}>{(place) => <DraftRow place={place} />}</For>
        </ul>
      </Show>
    </Page>
  )
}

function DraftRow(props: { place: Place }) {
  const title = () => {
    const channel = state.channels[props.place.target]
    const name = channel ? channelTitle(channel) : props.place.target
    return props.place.threadId ? t('draft.inThread', { name }) : name
  }
  const isDm = () => state.channels[props.place.target]?.kind === 'dm'
  const discard = () => {
    const { key } = props.place
    const text = draftOf(key)
    setDraft(key, '')
    toast('ok', t('draft.discarded'), undefined, { label: t('common.undo'), run: () => setDraft(key, text) })
  }
  return (
    <li class="row gap-1 pr-2 hover:bg-hover/60 first:rounded-t-xl last:rounded-b-xl">
      <A
        href={conversationPath(props.place.target, { thread: props.place.threadId })}
        class="flex-1 min-w-0 col gap-0.5 px-4 py-3 rounded-xl -outline-offset-2"
      >
        <span class="row gap-1.5 font-600 text-[14px]">
          <Icon name={isDm() ? 'i-lucide-message-circle' : 'i-lucide-hash'} class="text-soft" />
          <span class="truncate">{title()}</span>
        </span>
        <span class="text-[13.5px] text-soft line-clamp-2 break-words">{draftOf(props.place.key).slice(0, 400)}</span>
      </A>
      <IconButton icon="i-lucide-trash-2" label={t('draft.discard')} class="max-sm:size-10!" onClick={discard} />
    </li>
  )
}
