import { createEffect, createSignal, onCleanup, type Accessor, type JSX } from 'solid-js'
import '../i18n/en/work'
import { t } from '../i18n'
import { duration } from '../i18n/dates'
import { Button, IconButton } from '../ui/button'
import { Select } from '../ui/select'
import { advance, begunAt, neighbour, speeds, type Reel, type Speed } from './replay'

export interface Player {
  /** Where the clock of the replay stands, in milliseconds. */
  at: Accessor<number>
  playing: Accessor<boolean>
  speed: Accessor<Speed>
  setSpeed: (speed: Speed) => void
  seek: (at: number) => void
  toggle: () => void
}

/** A clock that runs over a reel, frame by frame, until its end. */
export function createPlayer(reel: Accessor<Reel>): Player {
  const [at, setAt] = createSignal(0)
  const [playing, setPlaying] = createSignal(false)
  const [speed, setSpeed] = createSignal<Speed>(2)
  createEffect(() => {
    if (!playing()) return
    let last: number | undefined
    let frame = requestAnimationFrame(function step(time) {
      if (last !== undefined) setAt(advance(reel(), at(), time - last, speed()))
      last = time
      if (at() >= reel().length) return setPlaying(false)
      frame = requestAnimationFrame(step)
    })
    onCleanup(() => cancelAnimationFrame(frame))
  })
  return {
    at,
    playing,
    speed,
    setSpeed,
    seek: (to) => setAt(Math.max(0, Math.min(reel().length, to))),
    toggle: () => {
      if (!playing() && at() >= reel().length) setAt(0)
      setPlaying((playing) => !playing)
    },
  }
}

const isSpeed = (value: number): value is Speed => speeds.some((speed) => speed === value)

/** Play and pause, back and on, the speed, and the place on the line that can be dragged. */
export function PlayerBar(props: { player: Player; reel: Reel; end?: JSX.Element }) {
  const begun = () => begunAt(props.reel, props.player.at())
  const position = () => t('replay.at', { n: begun(), of: props.reel.moments.length })
  return (
    <div class="rounded-xl border border-line bg-surface px-3 py-2 col gap-1.5">
      <div class="row gap-1.5 flex-wrap">
        <Button
          size="sm"
          kind="primary"
          icon={props.player.playing() ? 'i-lucide-pause' : 'i-lucide-play'}
          onClick={() => props.player.toggle()}
        >
          {t(props.player.playing() ? 'replay.pause' : 'replay.play')}
        </Button>
        <IconButton
          icon="i-lucide-skip-back"
          label={t('replay.back')}
          onClick={() => props.player.seek(neighbour(props.reel, props.player.at(), -1))}
        />
        <IconButton
          icon="i-lucide-skip-forward"
          label={t('replay.forward')}
          onClick={() => props.player.seek(neighbour(props.reel, props.player.at(), 1))}
        />
        <Select
          quiet
          label={t('replay.speed')}
          value={String(props.player.speed())}
          options={speeds.map((speed) => ({ value: String(speed), label: `${speed}×` }))}
          onChange={(value) =>
            isSpeed(Number(value)) && props.player.setSpeed(speeds.find((s) => s === Number(value)) ?? 1)
          }
        />
        <span
          class="text-[12.5px] text-soft tabular-nums ml-auto"
          aria-live={props.player.playing() ? 'off' : 'polite'}
        >
          {position()} · {duration(props.player.at())} / {duration(props.reel.length)}
        </span>
        {props.end}
      </div>
      <input
        type="range"
        min="0"
        max={props.reel.length}
        step="10"
        value={props.player.at()}
        aria-label={t('replay.position')}
        aria-valuetext={position()}
        onInput={(event) => props.player.seek(event.currentTarget.valueAsNumber)}
        class="w-full h-6 accent-[var(--accent)]"
      />
    </div>
  )
}
