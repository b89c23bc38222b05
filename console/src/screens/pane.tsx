import { createEffect, createMemo, createSignal, on, onCleanup, Show } from 'solid-js'
import type { Agent, Run } from '@shared/contract'
import '../i18n/en/screens'
import { agentPath } from '../app/paths'
import { t } from '../i18n'
import { isOver } from '../store/runs'
import { Badge } from '../ui/badge'
import { IconButton } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { Notice } from '../ui/notice'
import { toast } from '../ui/toast'
import { ScreenConnection } from './connection'
import { draw } from './draw'
import { Footer, isCoarse } from './footer'
import type { Size } from './place'
import { Stage } from './stage'
import { obstacle, remark, situation, type Remark } from './status'
import { Steering, Stop } from './steering'
import { ChordMenu, TypingRow } from './typing'

interface PaneProps {
  agent: Agent
  /** The run that is looked at; without one, whatever the agent does. */
  run?: Run | undefined
  class?: string
}

/** How long something that was said stays where there is no corner for it. */
const SAID_MS = 9000

/** An agent's screen, live: to watch, and to take over. */
export default function ScreenPane(props: PaneProps) {
  const [size, setSize] = createSignal<Size>()
  const [captured, setCaptured] = createSignal(false)
  const [typing, setTyping] = createSignal(isCoarse())
  const [full, setFull] = createSignal(false)
  const [said, setSaid] = createSignal<Remark>()
  let quiet: ReturnType<typeof setTimeout> | undefined
  const sayHere = (what: Remark) => {
    clearTimeout(quiet)
    setSaid(what)
    quiet = setTimeout(() => setSaid(undefined), SAID_MS)
  }
  onCleanup(() => clearTimeout(quiet))
  const [root, setRoot] = createSignal<HTMLElement>()
  let canvas: HTMLCanvasElement | undefined
  let box: HTMLDivElement | undefined
  let handBack: HTMLButtonElement | undefined

  const screen = new ScreenConnection({
    agentId: props.agent.id,
    async show(picture) {
      if (canvas) await draw(canvas, picture)
      const { width, height } = picture
      setSize((before) => (before?.width === width && before.height === height ? before : { width, height }))
    },
    told(news) {
      const said = remark(news)
      if (!said) return
      // With the whole window for the screen there is no corner for it.
      if (full()) sayHere(said)
      else toast(said.tone, said.text, said.next)
    },
  })
  onCleanup(() => screen.close())

  const runOver = () => props.run !== undefined && isOver(props.run)
  const over = createMemo(() => runOver() && !screen.steers())
  createEffect(() => over() && screen.close())
  // With a screen of one's own the hands go there at once.
  createEffect(on(screen.steers.bind(screen), (is) => is && box?.focus({ preventScroll: true })))
  const whole = () => setFull(root() !== undefined && document.fullscreenElement === root())
  document.addEventListener('fullscreenchange', whole)
  onCleanup(() => document.removeEventListener('fullscreenchange', whole))
  const toggleFull = () => (full() ? document.exitFullscreen() : root()?.requestFullscreen())
  const problem = createMemo(() => obstacle(screen, over()))
  const say = screen.say.bind(screen)

  return (
    <section
      ref={setRoot}
      aria-label={t('screen.of', { name: props.agent.displayName })}
      class={cx(
        'col rounded-xl border bg-surface overflow-hidden',
        screen.steers() ? 'border-accent' : 'border-line',
        full() && 'rounded-none! border-0! h-full',
        props.class,
      )}
    >
      <header class="row flex-wrap gap-2 pl-3 pr-1.5 py-1.5 border-b border-line bg-sunken">
        <h2 class="row gap-2 font-600 text-[13.5px]">
          <Icon name="i-lucide-monitor" class="text-[15px] text-soft" />
          {t('screen.title')}
        </h2>
        <Badge tone={situation(screen, over()).tone}>{situation(screen, over()).word}</Badge>
        <div class="row gap-1 ml-auto">
          <Steering screen={screen} usable={!problem()} handBack={(button) => (handBack = button)} />
          <Stop run={props.run} />
          <Show when={screen.steers()}>
            <ChordMenu say={say} />
            <IconButton
              icon="i-lucide-keyboard"
              label={t('screen.keyboard')}
              aria-pressed={typing()}
              onClick={() => setTyping((is) => !is)}
            />
          </Show>
          <Show when={document.fullscreenEnabled}>
            <IconButton
              icon={full() ? 'i-lucide-minimize' : 'i-lucide-maximize'}
              label={t(full() ? 'screen.leaveFull' : 'screen.full')}
              onClick={() => void toggleFull()}
            />
          </Show>
        </div>
      </header>
      <Stage
        screen={screen}
        size={size()}
        obstacle={problem()}
        full={full()}
        agentHref={`${agentPath(props.agent.id)}?part=screen`}
        canvas={(element) => (canvas = element)}
        box={(element) => (box = element)}
        captured={setCaptured}
        leave={() => handBack?.focus()}
      />
      <Show when={screen.steers() && typing()}>
        <TypingRow say={say} />
      </Show>
      <Show when={said()}>
        {(said) => (
          <Notice tone={said().tone} title={said().text} class="rounded-none!">
            {said().next}
          </Notice>
        )}
      </Show>
      <Footer screen={screen} captured={captured()} run={props.run} quiet={problem() !== undefined} />
    </section>
  )
}
