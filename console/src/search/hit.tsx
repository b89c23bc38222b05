import { A } from '@solidjs/router'
import { For, Show } from 'solid-js'
import type { SearchHit } from '@shared/contract'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/search'
import { clock, fullDate } from '../i18n/dates'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Icon } from '../ui/icon'
import { hitPath } from './hitpath'
import { marked } from './query'

const icons = { task: 'i-lucide-square-check-big', attachment: 'i-lucide-paperclip', message: '' }

const where = (target: string) => {
  const channel = state.channels[target]
  return channel?.kind === 'dm' ? channelTitle(channel) : target
}

const Marked = (props: { hit: SearchHit }) => (
  <For each={marked(props.hit.snippet, props.hit.highlights)}>
    {(piece) => (
      <Show when={piece.found} fallback={piece.text}>
        <mark class="bg-warn-soft text-ink rounded-sm font-600">{piece.text}</mark>
      </Show>
    )}
  </For>
)

/** One thing that was found, with the text around it. */
export const Hit = (props: { hit: SearchHit; onOpen: () => void }) => (
  <A
    href={hitPath(props.hit)}
    data-hit
    onClick={() => props.onOpen()}
    class="row items-start gap-3 px-3 py-2.5 rounded-lg hover:bg-hover -outline-offset-2"
  >
    <Show
      when={props.hit.kind === 'message' && props.hit.sender}
      fallback={
        <span class="size-9 rounded-xl bg-hover text-soft inline-flex items-center justify-center shrink-0">
          <Icon name={icons[props.hit.kind] || 'i-lucide-message-square'} class="text-[17px]" />
        </span>
      }
    >
      {(sender) => (
        <Avatar
          name={sender().kind === 'human' ? sender().displayName : sender().name}
          kind={sender().kind === 'human' ? 'human' : sender().kind === 'agent' ? 'agent' : 'system'}
        />
      )}
    </Show>
    <span class="flex-1 min-w-0 col gap-0.5">
      <span class="row flex-wrap gap-x-2 text-[12.5px] text-soft">
        <Show when={props.hit.sender}>
          {(sender) => <span class="font-600 text-ink text-[13.5px]">{sender().displayName}</span>}
        </Show>
        <span class="truncate">{where(props.hit.target)}</span>
        <Show when={props.hit.threadId}>
          <span>{t('search.inThread')}</span>
        </Show>
        <time class="tabular-nums" title={fullDate(props.hit.createdAt)}>
          {clock(props.hit.createdAt)}
        </time>
      </span>
      <Show when={props.hit.title}>
        <span class="font-600 text-[13.5px] break-words">{props.hit.title}</span>
      </Show>
      <Show when={props.hit.snippet}>
        <span class="text-[13.5px] leading-snug break-words line-clamp-3">
          <Marked hit={props.hit} />
        </span>
      </Show>
    </span>
  </A>
)
