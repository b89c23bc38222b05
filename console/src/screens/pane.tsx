import { A } from '@solidjs/router'
import { createEffect, createMemo, createSignal, on, onCleanup, Show } from 'solid-js'
import type { Agent, Run } from '@shared/contract'
import '../i18n/en/screens'
import { agentPath, runPath } from '../app/paths'
import { t } from '../i18n'
import { actOnRun } from '../runs/actions'
import { isOver } from '../store/runs'
import { canWrite } from '../store/session'
import { Badge } from '../ui/badge'
import { Button, IconButton } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { ScreenConnection } from './connection'
import { draw } from './draw'
import type { Size } from './place'
import { Stage } from './stage'
import { announce, cannotTakeOver, obstacle, situation, whoSteers } from './status'
import { ChordMenu, TypingRow } from './typing'

interface PaneProps {
  agent: Agent
  /** The run that is looked at; without one, whatever the agent does. */
  run?: Run | undefined
  class?: string
}

const isCoarse = () => matchMedia('(pointer: coarse)').matches

/** An agent's screen, live: to watch, and to take over. */
export default function ScreenPane(props: PaneProps) {
  const [size, setSize] = createSignal<Size>()
  const [captured, setCaptured] = createSignal(false)
  const [typing, setTyping] = createSignal(isCoarse())
  const [full, setFull] = createSignal(false)
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
    told: announce,
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
      <Footer screen={screen} captured={captured()} run={props.run} quiet={problem() !== undefined} />
    </section>
  )
}

function Steering(props: { screen: ScreenConnection; usable: boolean; handBack: (button: HTMLButtonElement) => void }) {
  const steering = () => props.screen.state()?.steering
  const yours = () => {
    const now = steering()
    return now?.by === 'person' && now.you
  }
  const elsewhere = () => {
    const now = steering()
    return now?.by === 'person' && now.elsewhere
  }
  const refusal = () => cannotTakeOver(props.screen)
  return (
    <Show when={props.usable && props.screen.state()}>
      <Show
        when={yours()}
        fallback={
          <Button
            size="sm"
            kind="primary"
            icon="i-lucide-hand"
            title={refusal() ?? t('screen.takeOverHint')}
            disabled={refusal() !== undefined}
            onClick={() => props.screen.say({ type: 'take_over' })}
          >
            {t(elsewhere() ? 'screen.takeOverHere' : 'screen.takeOver')}
          </Button>
        }
      >
        <Button
          ref={props.handBack}
          size="sm"
          kind="primary"
          icon="i-lucide-undo-2"
          title={t('screen.handBackHint')}
          onClick={() => props.screen.say({ type: 'hand_back' })}
        >
          {t('screen.handBack')}
        </Button>
      </Show>
    </Show>
  )
}

const Stop = (props: { run: Run | undefined }) => (
  <Show when={canWrite() && props.run && !isOver(props.run) && props.run}>
    {(run) => (
      <Button
        size="sm"
        kind="danger"
        icon="i-lucide-square"
        title={t('screen.stopHint')}
        onClick={() => void actOnRun(run(), 'interrupt')}
      >
        <span class="max-sm:sr-only">{t('screen.stop')}</span>
      </Button>
    )}
  </Show>
)

/** Who steers, where the keyboard goes, and who else watches. */
function Footer(props: { screen: ScreenConnection; captured: boolean; run: Run | undefined; quiet: boolean }) {
  const viewers = () => props.screen.state()?.viewers ?? 0
  const other = () => {
    const runId = props.screen.access()?.runId
    return props.run && runId && runId !== props.run.id ? runId : undefined
  }
  const hands = () => {
    if (!props.screen.steers()) return ''
    if (isCoarse()) return t('screen.tapHere')
    return t(props.captured ? 'screen.keysHere' : 'screen.keysThere')
  }
  const sentence = () => (props.quiet ? '' : [whoSteers(props.screen), hands()].filter(Boolean).join(' '))
  return (
    <footer
      class={cx(
        'row flex-wrap gap-x-3 gap-y-1 px-3 py-2 border-t border-line text-[12.5px] text-soft min-h-9',
        sentence() === '' && 'sr-only',
      )}
    >
      <p aria-live="polite">{sentence()}</p>
      <Show when={props.screen.steers() && props.captured}>
        <Badge tone="accent" icon="i-lucide-keyboard">
          {t('screen.keysBack')}
        </Badge>
      </Show>
      <Show when={!props.quiet && other()}>
        {(id) => (
          <p class="row gap-1.5">
            {t('screen.otherRun')}
            <A href={runPath(id())} class="text-accent-text hover:underline rounded">
              {t('screen.openRun')}
            </A>
          </p>
        )}
      </Show>
      <Show when={!props.quiet && viewers() > 1}>
        <p class="row gap-1.5 ml-auto">
          <Icon name="i-lucide-eye" />
          {t('screen.viewers', { n: viewers() })}
        </p>
      </Show>
    </footer>
  )
}
