import { A } from '@solidjs/router'
import { Show, splitProps, type JSX, type ParentProps } from 'solid-js'
import { cx } from './cx'
import { Icon } from './icon'

type Kind = 'primary' | 'secondary' | 'ghost' | 'danger'
type Size = 'sm' | 'md'

const kinds: Record<Kind, string> = {
  primary: 'bg-accent text-accent-ink hover:brightness-112 active:brightness-95 shadow-[var(--lift)]',
  secondary: 'bg-surface text-ink border border-edge hover:bg-sunken active:bg-hover shadow-[var(--lift)]',
  ghost: 'text-soft hover:text-ink hover:bg-hover',
  danger: 'bg-bad-soft text-bad hover:brightness-96 active:brightness-92',
}
const sizes: Record<Size, string> = {
  sm: 'h-7 px-2.5 text-[13px] gap-1.5 [@media(pointer:coarse)]:h-10 [@media(pointer:coarse)]:min-w-10',
  md: 'h-9 px-3.5 text-sm gap-2 [@media(pointer:coarse)]:h-10',
}
const shape =
  'inline-flex items-center justify-center rounded-lg font-550 whitespace-nowrap select-none transition-[background,filter,color] duration-[var(--quick)] disabled:opacity-50 disabled:pointer-events-none'

const look = (kind: Kind = 'secondary', size: Size = 'md') => cx(shape, kinds[kind], sizes[size])

interface Look {
  kind?: Kind | undefined
  size?: Size | undefined
  icon?: string | undefined
}

export interface ButtonProps extends Look, JSX.ButtonHTMLAttributes<HTMLButtonElement> {
  /** Shows that the press is being carried out, and takes no other. */
  busy?: boolean | undefined
}

export function Button(props: ButtonProps) {
  const [own, rest] = splitProps(props, ['kind', 'size', 'icon', 'busy', 'class', 'children', 'disabled'])
  return (
    <button
      type="button"
      {...rest}
      class={cx(look(own.kind, own.size), own.class)}
      disabled={own.disabled || own.busy}
      aria-busy={own.busy ? 'true' : undefined}
    >
      <Show when={own.busy || own.icon}>
        <Icon name={own.busy ? 'i-lucide-loader-circle animate-spin' : (own.icon ?? '')} />
      </Show>
      {own.children}
    </button>
  )
}

/** A link that looks like a button, for going somewhere. */
export const LinkButton = (props: ParentProps<Look & { href: string; class?: string }>) => (
  <A href={props.href} class={cx(look(props.kind, props.size), props.class)}>
    <Show when={props.icon}>{(icon) => <Icon name={icon()} />}</Show>
    {props.children}
  </A>
)

export interface IconButtonProps extends JSX.ButtonHTMLAttributes<HTMLButtonElement> {
  icon: string
  /** What it does, for those who do not see the icon and as a tooltip. */
  label: string
}

/** A square button with an icon only. */
export function IconButton(props: IconButtonProps) {
  const [own, rest] = splitProps(props, ['icon', 'label', 'class'])
  return (
    <button
      type="button"
      aria-label={own.label}
      title={own.label}
      {...rest}
      class={cx(
        'inline-flex size-8 [@media(pointer:coarse)]:size-10 shrink-0 items-center justify-center rounded-lg text-soft hover:text-ink hover:bg-hover transition-colors disabled:opacity-40 disabled:pointer-events-none',
        own.class,
      )}
    >
      <Icon name={own.icon} class="text-[16px]" />
    </button>
  )
}
