import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { ScreenWish } from '@shared/contract/screens'
import { bindInput } from './input'
import { Touch } from './touch'

const SCREEN = { width: 200, height: 100 }

let box: HTMLDivElement
let said: ScreenWish[]
let steers: boolean
let left: number
let end: () => void
beforeEach(() => {
  box = document.createElement('div')
  box.tabIndex = 0
  box.getBoundingClientRect = () => new DOMRect(0, 0, 100, 50)
  document.body.append(box)
  said = []
  steers = true
  left = 0
  end = bindInput(box, {
    steers: () => steers,
    size: () => SCREEN,
    say: (wish) => said.push(wish),
    leave: () => left++,
    paceMs: 1,
  })
})
afterEach(() => {
  end()
  box.remove()
})

const key = (type: 'keydown' | 'keyup', init: KeyboardEventInit): KeyboardEvent => {
  const event = new KeyboardEvent(type, { bubbles: true, cancelable: true, ...init })
  box.dispatchEvent(event)
  return event
}
const pointer = (type: string, init: PointerEventInit = {}): Event => {
  const event = new PointerEvent(type, { bubbles: true, cancelable: true, pointerType: 'mouse', ...init })
  box.dispatchEvent(event)
  return event
}

test('nothing is taken from the page while one only watches', () => {
  steers = false
  const pressed = key('keydown', { key: 'a', code: 'KeyA' })
  pointer('pointerdown', { clientX: 5, clientY: 5 })
  box.dispatchEvent(new WheelEvent('wheel', { deltaY: 300, cancelable: true }))
  box.dispatchEvent(new Event('blur'))
  expect([said, pressed.defaultPrevented]).toEqual([[], false])
})

test('keys go to the screen, and the page hears nothing of them', () => {
  let heard = 0
  const listen = (): void => void heard++
  document.addEventListener('keydown', listen)
  const pressed = key('keydown', { key: 'Tab', code: 'Tab' })
  key('keyup', { key: 'Tab', code: 'Tab' })
  document.removeEventListener('keydown', listen)
  expect([heard, pressed.defaultPrevented]).toEqual([0, true])
  expect(said).toEqual([
    { type: 'key', key: 'Tab', code: 'Tab', down: true },
    { type: 'key', key: 'Tab', code: 'Tab', down: false },
  ])
})

test('what an input method is still putting together is not sent', () => {
  key('keydown', { key: 'Process', code: 'KeyA', isComposing: true })
  expect(said).toEqual([])
})

test('Escape goes there once, and twice it is the way out', () => {
  key('keydown', { key: 'Escape', code: 'Escape' })
  key('keyup', { key: 'Escape', code: 'Escape' })
  expect([left, said.length]).toEqual([0, 2])
  key('keydown', { key: 'Escape', code: 'Escape' })
  expect([left, said.at(-1)]).toEqual([1, { type: 'release' }])
})

test('Ctrl+V pastes what is in the clipboard here, whole', () => {
  key('keydown', { key: 'Control', code: 'ControlLeft' })
  const chord = key('keydown', { key: 'v', code: 'KeyV', ctrlKey: true })
  const event = new Event('paste', { cancelable: true })
  Object.assign(event, { clipboardData: { getData: () => 'some text' } })
  box.dispatchEvent(event)
  expect([chord.defaultPrevented, event.defaultPrevented]).toEqual([false, true])
  expect(said.slice(1)).toEqual([{ type: 'paste', text: 'some text' }])
})

test('a click is where it is on the screen, and of moves the last one counts', async () => {
  for (const clientX of [1, 2, 3]) pointer('pointermove', { clientX, clientY: 10 })
  await Bun.sleep(20)
  pointer('pointerdown', { button: 2, clientX: 50, clientY: 25 })
  pointer('pointerup', { button: 2, clientX: 50, clientY: 25 })
  expect(said).toEqual([
    { type: 'move', x: 6, y: 20 },
    { type: 'button', button: 'right', down: true, x: 100, y: 50 },
    { type: 'button', button: 'right', down: false, x: 100, y: 50 },
  ])
})

test('keys that may be let go elsewhere are let go when the focus leaves', () => {
  box.dispatchEvent(new Event('blur'))
  expect(said).toEqual([{ type: 'release' }])
})

test('a finger that taps clicks, and one that moves scrolls against its way', () => {
  const touch = { pointerType: 'touch', pointerId: 7, isPrimary: true }
  pointer('pointerdown', { ...touch, clientX: 50, clientY: 25 })
  pointer('pointerup', { ...touch, clientX: 50, clientY: 25 })
  expect(said.map((wish) => wish.type)).toEqual(['button', 'button'])
  said.length = 0
  pointer('pointerdown', { ...touch, clientX: 50, clientY: 45 })
  pointer('pointermove', { ...touch, clientX: 50, clientY: 4 })
  pointer('pointerup', { ...touch, clientX: 50, clientY: 4 })
  expect(said).toEqual([{ type: 'wheel', right: 0, down: 1, x: 100, y: 90 }])
})

test('a finger that stays clicks with the right button', async () => {
  const clicks = Promise.withResolvers<ScreenWish>()
  const touch = new Touch({ place: (at) => at, say: (wish) => clicks.resolve(wish) })
  touch.start({ x: 3, y: 4 })
  expect(await clicks.promise).toEqual({ type: 'button', button: 'right', down: true, x: 3, y: 4 })
  touch.end()
})
