import { createMemo, For, Show } from 'solid-js'
import { call } from '../api/client'
import { act } from '../app/act'
import { canManage } from '../channels/manage'
import { t } from '../i18n'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Button } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { mentionedIn, type Someone } from './mentions'

/** The names that fit what is typed, above the field. */
export function MentionList(props: {
  id: string
  found: Someone[]
  at: number
  onHover: (at: number) => void
  onChoose: (someone: Someone) => void
}) {
  return (
    <ul
      id={props.id}
      role="listbox"
      aria-label={t('composer.mentions')}
      class="absolute bottom-full left-3 sm:left-5 mb-1 z-20 w-80 max-w-[calc(100%-1.5rem)] rounded-xl border border-line bg-raised p-1 shadow-[var(--float)]"
    >
      <For each={props.found}>
        {(someone, index) => (
          <li
            id={`${props.id}-${index()}`}
            role="option"
            aria-selected={index() === props.at}
            onMouseMove={() => props.onHover(index())}
            // Before the field loses the focus.
            onMouseDown={(event) => {
              event.preventDefault()
              props.onChoose(someone)
            }}
            class={cx('row gap-2.5 px-2 py-1.5 rounded-lg cursor-pointer', index() === props.at && 'bg-accent-soft')}
          >
            <Avatar
              name={someone.kind === 'human' ? someone.displayName : someone.name}
              kind={someone.kind}
              size="sm"
            />
            <span class="font-550 truncate">{someone.displayName}</span>
            <span class="text-[13px] text-faint truncate flex-1">@{someone.name}</span>
            <Show when={!someone.inside}>
              <span class="text-[12px] text-faint shrink-0">{t('composer.outside')}</span>
            </Show>
          </li>
        )}
      </For>
    </ul>
  )
}

/** A mention brings an agent into a public channel; into a private one somebody has to add it. */
export function OutsideHint(props: { target: string; text: string; people: Someone[] }) {
  const channel = () => state.channels[props.target]
  const outside = createMemo(() =>
    channel()?.kind === 'channel' && channel()?.visibility === 'private'
      ? mentionedIn(props.text, props.people).filter((someone) => !someone.inside)
      : [],
  )
  const mayAdd = () => {
    const here = channel()
    return here !== undefined && canManage(here)
  }
  const add = (someone: Someone) =>
    act(
      () =>
        call('POST /api/channels/{target}/members', {
          params: { target: props.target },
          body: { kind: someone.kind, memberId: someone.id },
        }),
      t('composer.added', { name: someone.displayName }),
    )
  return (
    <For each={outside()}>
      {(someone) => (
        <p class="row flex-wrap gap-2 text-[13px] text-soft px-1 pb-2">
          <Icon name="i-lucide-user-plus" class="text-warn" />
          {t('composer.notMember', { name: `@${someone.name}` })}
          <Show when={mayAdd()}>
            <Button size="sm" onClick={() => void add(someone)}>
              {t('composer.add')}
            </Button>
          </Show>
        </p>
      )}
    </For>
  )
}
