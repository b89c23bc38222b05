import { SCREEN_LIMITS, type ScreenWish } from '@shared/contract/screens'
import { Wheel, toScreen, type Point, type Size } from './place'
import { Touch } from './touch'

export interface InputOptions {
  steers: () => boolean
  /** Of the remote screen. */
  size: () => Size | undefined
  say: (wish: ScreenWish) => void
  /** Escape was pressed twice: the keyboard belongs to the page again. */
  leave: () => void
  /** Milliseconds between two moves of the mouse that are sent. Default 33. */
  paceMs?: number
}

const BUTTONS = ['left', 'middle', 'right'] as const
/** Two presses of Escape within this time are the way out. */
const TWICE_MS = 600
const isMac = () => /^(Mac|iPhone|iPad)/.test(navigator.platform)

/** Makes mouse, touch, keyboard and clipboard of a box those of the remote screen, while one steers. @returns what ends it */
export function bindInput(box: HTMLElement, options: InputOptions): () => void {
  const end = new AbortController()
  const { signal } = end
  bindMouse(box, options, signal)
  bindTouch(box, options, signal)
  bindKeys(box, options, signal)
  return () => end.abort()
}

const placeIn = (box: HTMLElement, size: Size, at: Point): Point => toScreen(at, box.getBoundingClientRect(), size)
const pointOf = (event: PointerEvent | WheelEvent): Point => ({ x: event.clientX, y: event.clientY })

function bindMouse(box: HTMLElement, { steers, size, say, paceMs = 33 }: InputOptions, signal: AbortSignal): void {
  const wheel = new Wheel()
  let moved: Point | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    const at = moved
    moved = undefined
    if (at && steers()) say({ type: 'move', ...at })
  }
  const button = (event: PointerEvent, down: boolean): void => {
    const [name, screen] = [BUTTONS[event.button], size()]
    if (event.pointerType === 'touch' || !steers() || !name || !screen) return
    event.preventDefault()
    if (down) {
      box.focus({ preventScroll: true })
      box.setPointerCapture?.(event.pointerId)
    }
    moved = undefined
    say({ type: 'button', button: name, down, ...placeIn(box, screen, pointOf(event)) })
  }
  box.addEventListener('pointerdown', (event) => button(event, true), { signal })
  box.addEventListener('pointerup', (event) => button(event, false), { signal })
  box.addEventListener(
    'pointermove',
    (event) => {
      const screen = size()
      if (event.pointerType === 'touch' || !steers() || !screen) return
      moved = placeIn(box, screen, pointOf(event))
      timer ??= setTimeout(flush, paceMs)
    },
    { signal },
  )
  box.addEventListener('contextmenu', (event) => steers() && event.preventDefault(), { signal })
  box.addEventListener(
    'wheel',
    (event) => {
      const screen = size()
      if (!steers() || !screen) return
      event.preventDefault()
      const clicks = wheel.turn(event)
      if (clicks) say({ type: 'wheel', ...clicks, ...placeIn(box, screen, pointOf(event)) })
    },
    { signal, passive: false },
  )
  signal.addEventListener('abort', () => clearTimeout(timer))
}

function bindTouch(box: HTMLElement, { steers, size, say }: InputOptions, signal: AbortSignal): void {
  const place = (at: Point): Point => placeIn(box, size() ?? { width: 1, height: 1 }, at)
  const touch = new Touch({ place, say })
  let finger: number | undefined
  const isIt = (event: PointerEvent): boolean => event.pointerType === 'touch' && event.pointerId === finger
  box.addEventListener(
    'pointerdown',
    (event) => {
      if (event.pointerType !== 'touch' || !steers() || !size()) return
      // A second finger is the page's: to zoom.
      if (!event.isPrimary) return touch.cancel()
      finger = event.pointerId
      touch.start(pointOf(event))
    },
    { signal },
  )
  box.addEventListener('pointermove', (event) => isIt(event) && touch.move(pointOf(event)), { signal })
  box.addEventListener('pointerup', (event) => isIt(event) && touch.end(), { signal })
  box.addEventListener('pointercancel', (event) => isIt(event) && touch.cancel(), { signal })
  signal.addEventListener('abort', () => touch.cancel())
}

function bindKeys(box: HTMLElement, { steers, say, leave }: InputOptions, signal: AbortSignal): void {
  let escapedAt = Number.NEGATIVE_INFINITY
  const key = (event: KeyboardEvent, down: boolean): void => {
    if (!steers() || event.isComposing) return
    event.stopPropagation()
    if (down && event.key === 'Escape' && !event.repeat) {
      const isSecond = event.timeStamp - escapedAt < TWICE_MS
      escapedAt = isSecond ? Number.NEGATIVE_INFINITY : event.timeStamp
      if (isSecond) {
        event.preventDefault()
        say({ type: 'release' })
        return leave()
      }
    }
    // What is pasted here comes as an event of its own.
    if (isPaste(event)) return
    event.preventDefault()
    const pressed = keyOf(event)
    if (pressed) say({ type: 'key', ...pressed, down })
  }
  box.addEventListener('keydown', (event) => key(event, true), { signal })
  box.addEventListener('keyup', (event) => key(event, false), { signal })
  box.addEventListener('paste', (event) => steers() && (event.preventDefault(), paste(event, say)), { signal })
  // Keys that are let go elsewhere are not heard of here.
  box.addEventListener('blur', () => steers() && say({ type: 'release' }), { signal })
}

const isPaste = (event: KeyboardEvent): boolean =>
  event.code === 'KeyV' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey

/** On a Mac, what is a chord with Command is one with Control there. */
function keyOf({ key, code }: KeyboardEvent): { key: string; code: string } | undefined {
  if (key === '' || key.length > 32) return undefined
  if (isMac() && key === 'Meta') return { key: 'Control', code: code.replace('Meta', 'Control') }
  return { key, code: code.slice(0, 32) }
}

function paste(event: ClipboardEvent, say: InputOptions['say']): void {
  const text = (event.clipboardData?.getData('text/plain') ?? '').slice(0, SCREEN_LIMITS.pasteCharacters)
  if (text !== '') say({ type: 'paste', text })
}
