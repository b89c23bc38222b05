import { A } from '@solidjs/router'
import { Show, type JSX, type ParentProps } from 'solid-js'
import { t } from '../i18n'
import { Count } from '../ui/badge'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import type { PageEntry } from './pages'

interface NavItemProps {
  href: string
  label: string
  icon?: string
  /** Instead of the icon. */
  lead?: JSX.Element
  end?: JSX.Element
  title?: string | undefined
  /** There is something new in it. */
  strong?: boolean
  /** As high as a finger needs it. */
  touch?: boolean | undefined
  onClick?: (event: MouseEvent) => void
}

/** One place in a list of places. */
export const NavItem = (props: NavItemProps) => (
  <A
    href={props.href}
    title={props.title}
    onClick={(event) => props.onClick?.(event)}
    activeClass="bg-accent-soft! text-accent-text! font-600"
    class={cx(
      'row gap-2.5 px-2.5 rounded-lg text-[15px] md:text-[13.5px] hover:bg-hover -outline-offset-2',
      props.touch ? 'h-11' : 'h-9 md:h-[var(--place)] [@media(pointer:coarse)]:h-10!',
      props.strong ? 'text-ink font-650' : 'text-soft',
    )}
  >
    <Show when={props.lead} fallback={<Icon name={props.icon ?? ''} class="text-[16px] opacity-80" />}>
      {props.lead}
    </Show>
    <span class="flex-1 min-w-0 truncate">{props.label}</span>
    {props.end}
  </A>
)

/** A page of the table in `pages`, with what is new there. */
export const NavPage = (props: { entry: PageEntry; touch?: boolean }) => (
  <NavItem
    href={props.entry.href}
    icon={props.entry.icon}
    label={t(props.entry.label)}
    touch={props.touch}
    end={
      <Show when={props.entry.news?.()}>{(news) => <Count value={news().count} strong label={news().label} />}</Show>
    }
  />
)

/** Places of one kind under a heading, with a button that adds one. */
export const NavSection = (props: ParentProps<{ title: string; href?: string; action?: JSX.Element }>) => (
  <section class="col gap-px">
    <header class="row h-7 [@media(pointer:coarse)]:h-10 pl-2.5 pr-1">
      <h2 class="flex-1 text-[12px] font-600 text-faint">
        <Show when={props.href} fallback={props.title}>
          {(href) => (
            <A href={href()} class="hover:text-ink rounded">
              {props.title}
            </A>
          )}
        </Show>
      </h2>
      {props.action}
    </header>
    {props.children}
  </section>
)
