import { createEffect, createSignal, onCleanup, onMount, Show } from 'solid-js'
import '../i18n/en/screens'
import { t } from '../i18n'
import { Button, LinkButton } from '../ui/button'
import { cx } from '../ui/cx'
import { Skeleton } from '../ui/skeleton'
import type { ScreenConnection } from './connection'
import { bindInput } from './input'
import type { Size } from './place'
import type { Obstacle } from './status'

interface StageProps {
  screen: ScreenConnection
  /** Of the remote screen, once a picture has come. */
  size: Size | undefined
  obstacle: Obstacle | undefined
  /** It has the whole window. */
  full: boolean
  /** Where the agent's own page is. */
  agentHref: string
  canvas: (element: HTMLCanvasElement) => void
  box: (element: HTMLDivElement) => void
  captured: (is: boolean) => void
  leave: () => void
}

/** The picture of the remote screen, which is also where one steers. */
export function Stage(props: StageProps) {
  const [box, setBox] = createSignal<HTMLDivElement>()
  const steers = () => props.screen.steers()
  onMount(() => {
    const element = box()
    if (!element) return
    const options = {
      steers,
      size: () => props.size,
      say: props.screen.say.bind(props.screen),
      leave: props.leave,
    }
    onCleanup(bindInput(element, options))
    onCleanup(watchSize(element, (width, height) => props.screen.view(width, height)))
  })
  createEffect(() => {
    if (!steers()) props.captured(false)
  })
  const aspect = () => (props.size ? `${props.size.width} / ${props.size.height}` : '16 / 9')
  return (
    <div
      ref={(element) => {
        setBox(element)
        props.box(element)
      }}
      role={steers() ? 'application' : undefined}
      aria-label={steers() ? t('screen.captured') : undefined}
      tabindex={steers() ? 0 : undefined}
      onFocus={() => props.captured(steers())}
      onBlur={() => props.captured(false)}
      class={cx(
        'relative w-full bg-sunken overflow-hidden -outline-offset-2 select-none',
        props.full ? 'flex-1 min-h-0' : 'max-h-[72dvh]',
        steers() && 'touch-none cursor-default',
      )}
      style={props.full ? {} : { 'aspect-ratio': aspect() }}
      data-testid="screen"
    >
      <canvas
        ref={props.canvas}
        role="img"
        aria-label={t('screen.picture')}
        class={cx('block size-full object-contain', props.obstacle && 'opacity-25')}
      />
      <Show when={!props.size && !props.obstacle}>
        <div class="absolute inset-0" role="status" aria-label={t('screen.waiting')}>
          <Skeleton class="size-full rounded-none!" />
        </div>
      </Show>
      <Show when={props.obstacle}>
        {(obstacle) => (
          <div class="absolute inset-0 col items-center justify-center p-4 overflow-y-auto">
            <Problem obstacle={obstacle()} screen={props.screen} agentHref={props.agentHref} />
          </div>
        )}
      </Show>
    </div>
  )
}

const Problem = (props: { obstacle: Obstacle; screen: ScreenConnection; agentHref: string }) => (
  <div class="col items-center gap-1.5 text-center max-w-100 rounded-xl bg-surface border border-line px-5 py-4 shadow-[var(--lift)]">
    <p class="font-650 text-[14.5px]">{props.obstacle.title}</p>
    <p class="text-soft text-[13px] text-balance">{props.obstacle.text}</p>
    <div class="row gap-2 mt-1.5 empty:hidden">
      <Show when={props.obstacle.offer === 'again'}>
        <Button size="sm" icon="i-lucide-rotate-cw" onClick={() => props.screen.retry()}>
          {t('screen.again')}
        </Button>
      </Show>
      <Show when={props.obstacle.offer === 'reload'}>
        <Button size="sm" icon="i-lucide-refresh-ccw" onClick={() => location.reload()}>
          {t('screen.reload')}
        </Button>
      </Show>
      <Show when={props.obstacle.offer === 'agent'}>
        <LinkButton size="sm" icon="i-lucide-monitor" href={props.agentHref}>
          {t('screen.watchAgent')}
        </LinkButton>
      </Show>
    </div>
  </div>
)

/** Tells how large a box is in the display's own pixels; 0 while it is not to be seen. @returns what ends it */
function watchSize(box: HTMLElement, tell: (width: number, height: number) => void): () => void {
  let isInView = true
  const look = (): void => {
    const { width, height } = box.getBoundingClientRect()
    const scale = isInView && document.visibilityState === 'visible' ? devicePixelRatio : 0
    tell(Math.round(width * scale), Math.round(height * scale))
  }
  const size = new ResizeObserver(look)
  const view = new IntersectionObserver((entries) => {
    isInView = entries.at(-1)?.isIntersecting ?? true
    look()
  })
  size.observe(box)
  view.observe(box)
  document.addEventListener('visibilitychange', look)
  return () => {
    size.disconnect()
    view.disconnect()
    document.removeEventListener('visibilitychange', look)
  }
}
