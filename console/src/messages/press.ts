import { onCleanup } from 'solid-js'

const holdMs = 450
/** Further than this, in pixels, a finger scrolls. */
const slack = 10

/** Calls `then` when a finger rests on `element`; links and fields keep what the phone does with them. */
export function onLongPress(element: HTMLElement, then: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let from = { x: 0, y: 0 }
  let held = false
  const stop = () => clearTimeout(timer)
  const down = (event: PointerEvent) => {
    stop()
    held = false
    const inside = event.target instanceof Element && event.target.closest('a, input, textarea, video, audio')
    if (event.pointerType !== 'touch' || inside) return
    from = { x: event.clientX, y: event.clientY }
    timer = setTimeout(() => {
      held = true
      navigator.vibrate?.(10)
      then()
    }, holdMs)
  }
  const move = (event: PointerEvent) => {
    if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > slack) stop()
  }
  // The finger that is lifted must not press what has come up below it, nor bring the phone's own menu.
  const swallow = (event: Event) => {
    if (!held) return
    event.preventDefault()
    event.stopPropagation()
    if (event.type === 'click') held = false
  }
  element.addEventListener('pointerdown', down)
  element.addEventListener('pointermove', move)
  for (const type of ['pointerup', 'pointercancel', 'pointerleave']) element.addEventListener(type, stop)
  element.addEventListener('click', swallow, true)
  // Without this the phone sends a press of a mouse after the touch, to whatever lies there by then.
  element.addEventListener('touchend', (event) => held && event.cancelable && event.preventDefault(), {
    passive: false,
  })
  element.addEventListener('contextmenu', swallow)
  onCleanup(stop)
}
