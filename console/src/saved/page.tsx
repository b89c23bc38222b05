import { A } from '@solidjs/router'
import { createMemo, createSignal, For, onCleanup, Show } from 'solid-js'
import type { SavedMessage } from '@shared/contract'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { conversationPath } from '../app/paths'
import { channels, channelTitle, dms } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/saved'
import { relative, shortDate } from '../i18n/dates'
import { Prose } from '../messages/body'
import { SenderAvatar } from '../messages/item'
import { state } from '../store/state'
import { Button, IconButton, LinkButton } from '../ui/button'
import { Empty } from '../ui/empty'
import { ErrorNotice } from '../ui/notice'
import { Page } from '../ui/page'
import { Select } from '../ui/select'
import { SkeletonRows } from '../ui/skeleton'
import { toast } from '../ui/toast'
import { fetchSaved, fitting, followSaved, keep, letGo, saved } from './store'

/** Messages that the reader keeps at hand. */
export default function SavedPage() {
  const [target, setTarget] = createSignal('')
  const [words, setWords] = createSignal('')
  const [next, setNext] = createSignal<string>()
  onCleanup(followSaved())
  const first = createLoad(
    () => ({ target: target() }),
    async ({ target }) => {
      setNext(await fetchSaved(target))
      return true
    },
  )
  const shown = createMemo(() => fitting(Object.values(saved), { target: target(), words: words() }))
  const places = createMemo(() => [
    { value: '', label: t('saved.everywhere') },
    ...[...channels(), ...dms()].map((channel) => ({
      value: channel.target,
      label: channel.kind === 'dm' ? channelTitle(channel) : channel.target,
    })),
  ])
  return (
    <Page
      title={t('nav.saved')}
      actions={
        <LinkButton href="/drafts" size="sm" icon="i-lucide-pencil-line">
          {t('nav.drafts')}
        </LinkButton>
      }
    >
      <div class="row flex-wrap gap-2">
        <input
          type="search"
          aria-label={t('saved.words')}
          placeholder={t('saved.words')}
          value={words()}
          onInput={(event) => setWords(event.currentTarget.value)}
          class="flex-1 min-w-40 h-8 rounded-lg border border-edge bg-surface px-3 text-[13px] focus:outline-none focus:border-accent focus:ring-3 focus:ring-accent/20"
        />
        <Select quiet label={t('saved.where')} value={target()} options={places()} onChange={setTarget} />
      </div>
      <ErrorNotice error={first.error()} />
      <Show when={first.value() || first.error()} fallback={<SkeletonRows count={4} />}>
        <ul class="col gap-3">
          <For
            each={shown()}
            fallback={
              <li>
                <Show
                  when={target() || words()}
                  fallback={<Empty icon="i-lucide-bookmark" title={t('saved.none')} text={t('saved.noneText')} />}
                >
                  <Empty icon="i-lucide-list-filter" title={t('saved.noneSo')} text={t('saved.noneSoText')} />
                </Show>
              </li>
            }
          >
            {(item) => <Item item={item} />}
          </For>
        </ul>
        <Show when={next()}>
          {(cursor) => (
            <Button class="self-center" onClick={() => void fetchSaved(target(), cursor()).then(setNext)}>
              {t('common.more')}
            </Button>
          )}
        </Show>
      </Show>
    </Page>
  )
}

function Item(props: { item: SavedMessage }) {
  const message = () => props.item.message
  const where = () => {
    const channel = state.channels[props.item.target]
    return channel?.kind === 'dm' ? channelTitle(channel) : props.item.target
  }
  const remove = async () => {
    const { messageId } = props.item
    if (await act(() => letGo(props.item)))
      toast('ok', t('saved.removed'), undefined, {
        label: t('common.undo'),
        run: () => void act(() => keep(messageId)),
      })
  }
  return (
    <li class="rounded-xl border border-line bg-surface px-4 py-3 col gap-2">
      <header class="row gap-2.5">
        <SenderAvatar message={message()} />
        <span class="col flex-1 min-w-0">
          <span class="font-600 truncate leading-tight">{message().sender.displayName}</span>
          <span class="text-[12.5px] text-soft truncate">
            {where()} · <time title={shortDate(message().createdAt)}>{relative(message().createdAt)}</time>
          </span>
        </span>
        <A
          href={conversationPath(props.item.target, { thread: props.item.threadId, message: props.item.messageId })}
          class="text-[13px] text-accent-text font-550 hover:underline rounded shrink-0"
        >
          {t('saved.open')}
        </A>
        <IconButton icon="i-lucide-bookmark-x" label={t('saved.remove')} onClick={() => void remove()} />
      </header>
      <Show
        when={message().deletedAt === null}
        fallback={<p class="text-soft italic text-[13.5px]">{t('message.deleted')}</p>}
      >
        <div class="max-h-60 overflow-hidden">
          <Prose small text={message().content} mentions={message().mentions} />
        </div>
      </Show>
    </li>
  )
}
