import { createMemo, For, Show } from 'solid-js'
import type { Message, Reaction } from '@shared/contract'
import { t } from '../i18n'
import { state } from '../store/state'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { react } from './actions'
import { allowedOn } from './allowed'
import { openOverlay } from './overlay'

/** Names that stand in a tooltip; of more only how many. */
const named = 12

const nameOf = ({ kind, id }: Reaction['by'][number]): string =>
  (kind === 'agent' ? state.agents[id]?.displayName : state.users[id]?.displayName) ?? t('message.somebody')

/** Who reacted, the reader first as “you”. */
function whoReacted({ by }: Reaction): string {
  const mine = by.filter(({ kind, id }) => kind === 'human' && id === state.me?.id)
  const others = by.filter((who) => !mine.includes(who)).map(nameOf)
  const names = [...(mine.length > 0 ? [t('message.you')] : []), ...others]
  const shown = names.slice(0, named).join(', ')
  return names.length > named ? t('message.andMore', { names: shown, n: names.length - named }) : shown
}

/** What people and agents reacted with: a press adds the reader's own, or takes it back. */
export function Reactions(props: { message: Message; inThread: boolean }) {
  const emoji = createMemo(() => props.message.reactions.map((reaction) => reaction.emoji), [], {
    equals: (a, b) => a.join() === b.join(),
  })
  const may = () => allowedOn(props.message, state.me, state.channels[props.message.target]).join
  const openPicker = (anchor: HTMLElement) =>
    openOverlay({ kind: 'emoji', anchor, messageId: props.message.id, inThread: props.inThread })
  return (
    <Show when={emoji().length > 0}>
      <div class="row flex-wrap gap-1 mt-1 mb-0.5" role="group" aria-label={t('message.reactions')}>
        <For each={emoji()}>
          {(emoji) => (
            <Show when={props.message.reactions.find((reaction) => reaction.emoji === emoji)}>
              {(reaction) => (
                <Chip reaction={reaction()} disabled={!may()} onPress={() => void react(props.message.id, emoji)} />
              )}
            </Show>
          )}
        </For>
        <Show when={may()}>
          <button
            type="button"
            aria-label={t('message.react')}
            title={t('message.react')}
            aria-haspopup="dialog"
            onClick={(event) => openPicker(event.currentTarget)}
            class={cx(chip, 'border-line text-soft hover:text-ink hover:border-edge px-2')}
          >
            <Icon name="i-lucide-smile-plus" class="text-[15px]" />
          </button>
        </Show>
      </div>
    </Show>
  )
}

const chip =
  'row gap-1.5 h-6.5 [@media(pointer:coarse)]:h-10 rounded-full border px-2 text-[12.5px] tabular-nums select-none transition-colors'

function Chip(props: { reaction: Reaction; disabled: boolean; onPress: () => void }) {
  const mine = () => props.reaction.by.some(({ kind, id }) => kind === 'human' && id === state.me?.id)
  const label = () => `${props.reaction.emoji} ${props.reaction.by.length}: ${whoReacted(props.reaction)}`
  return (
    <button
      type="button"
      aria-label={label()}
      aria-pressed={mine()}
      title={whoReacted(props.reaction)}
      disabled={props.disabled}
      onClick={() => props.onPress()}
      class={cx(
        chip,
        mine()
          ? 'border-accent bg-accent-soft text-accent-text font-600'
          : 'border-line bg-surface text-soft hover:border-edge',
      )}
    >
      <span class="text-[15px] leading-none" aria-hidden="true">
        {props.reaction.emoji}
      </span>
      {props.reaction.by.length}
    </button>
  )
}
