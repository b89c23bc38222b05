import { expect, test } from 'bun:test'
import { taskOf, titleOf, wantsMore } from './words'

test('the task is what the person wrote, without where it was and what else was said', () => {
  const cases: [text: string, task: string][] = [
    ['find the museum', 'find the museum'],
    ['[#general] @ada: @desk find the museum', 'find the museum'],
    ['[#general:msg_1] @ada: @desk, find\nthe museum', 'find\nthe museum'],
    ['<run_context>\nrun_id=1\n</run_context>\n\n[dm:x] @ada: find the museum', 'find the museum'],
    [
      'Said here since your last message, for context:\n\n@bob: hello\n\n---\n[#general] @ada: @desk find the museum',
      'find the museum',
    ],
    ['[#general] @ada: @desk write to bob@example.com', 'write to bob@example.com'],
    ['[#general] @ada: @desk', '@desk'],
  ]
  for (const [text, task] of cases) expect(taskOf(text)).toBe(task)
})

test('words that go on with a task are told from a new one', () => {
  for (const text of ['continue', 'Go on', 'please continue', 'go on, but with the red one', '继续', '请继续'])
    expect(wantsMore(text)).toBe(true)
  for (const text of ['continued fractions: look them up', 'open the shop', 'do not go on'])
    expect(wantsMore(text)).toBe(false)
})

test('the title of an action tells what and where', () => {
  expect(titleOf({ action: 'CLICK', position: { x: 0.25, y: 0.5 }, button: 'right' })).toBe(
    'Click, right button, at 25 %, 50 %',
  )
  expect(titleOf({ action: 'INPUT', value: 'a\nb' })).toBe('Type “a b”')
  expect(titleOf({ action: 'DRAG', from: { x: 0, y: 0.1 }, to: { x: 1, y: 0.2 } })).toBe(
    'Drag from 0 %, 10 % to 100 %, 20 %',
  )
  expect(titleOf({ action: 'ENTER' })).toBe('Press Enter')
  expect(titleOf({ action: 'SCROLL', direction: 'down', amount: 2 })).toBe('Scroll down')
  expect(titleOf({ action: 'KEY', keys: ['Ctrl+l'] })).toBe('Press Ctrl+l')
  expect(titleOf({ action: 'WAIT', seconds: 2 })).toBe('Wait 2 s')
})
