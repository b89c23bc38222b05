import { createEffect, For, on, Show } from 'solid-js'
import { t } from '../i18n'
import { Avatar } from '../ui/avatar'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import type { Completion } from './completion'
import type { Choice } from './sources'

const titles = {
  '@': 'composer.mentions',
  '#': 'composer.channels',
  ':': 'composer.emoji',
  '/': 'composer.commands',
} as const

/** What fits what is typed, above the field. */
export function ChoiceList(props: { id: string; completion: Completion }) {
  let list: HTMLUListElement | undefined
  createEffect(
    on(props.completion.at, (at) => list?.children[at]?.scrollIntoView({ block: 'nearest' }), { defer: true }),
  )
  return (
    <ul
      ref={(element) => (list = element)}
      id={props.id}
      role="listbox"
      aria-label={t(titles[props.completion.sign() ?? '@'])}
      class="absolute bottom-full left-3 sm:left-5 mb-1 z-20 w-100 max-w-[calc(100%-1.5rem)] max-h-[45dvh] overflow-y-auto rounded-xl border border-line bg-raised p-1 shadow-[var(--float)]"
    >
      <For each={props.completion.found()}>
        {(choice, index) => (
          <li
            id={`${props.id}-${index()}`}
            role="option"
            aria-selected={index() === props.completion.at()}
            onMouseMove={() => props.completion.setAt(index())}
            // Before the field loses the focus.
            onMouseDown={(event) => {
              event.preventDefault()
              props.completion.choose(choice)
            }}
            class={cx(
              'row gap-2.5 px-2 py-1.5 max-sm:py-2.5 rounded-lg cursor-pointer min-w-0',
              index() === props.completion.at() && 'bg-accent-soft',
            )}
          >
            <Lead choice={choice} />
            <span class={choice.tall ? 'col min-w-0 flex-1' : 'contents'}>
              <span class={cx('font-550 truncate', !choice.tall && 'shrink-0 max-w-[60%]')}>{choice.label}</span>
              <span class={cx('text-[13px] text-faint truncate', !choice.tall && 'flex-1')}>{choice.detail}</span>
            </span>
            <Show when={choice.note}>
              <span class="text-[12px] text-faint shrink-0">{choice.note}</span>
            </Show>
          </li>
        )}
      </For>
    </ul>
  )
}

const Lead = (props: { choice: Choice }) => (
  <Show
    when={props.choice.someone}
    fallback={
      <span class="size-6 row justify-center shrink-0 text-soft" aria-hidden="true">
        <Show when={props.choice.emoji} fallback={<Icon name={props.choice.icon ?? ''} class="text-[16px]" />}>
          {(emoji) => <span class="text-[18px] leading-none">{emoji()}</span>}
        </Show>
      </span>
    }
  >
    {(someone) => (
      <Avatar
        name={someone().kind === 'human' ? someone().displayName : someone().name}
        kind={someone().kind}
        size="sm"
      />
    )}
  </Show>
)
