import { afterEach, expect, test } from 'bun:test'
import { render } from 'solid-js/web'
import type { RunStep } from '@shared/contract'
import { Step } from './steps'

let dispose: (() => void) | undefined
afterEach(() => {
  dispose?.()
  document.body.replaceChildren()
})

const shown = (detail: RunStep['detail']): string => {
  const step: RunStep = {
    id: 'step_1',
    runId: 'run_1',
    sequence: 1,
    status: 'completed',
    detail,
    startedAt: 0,
    completedAt: 0,
  }
  dispose = render(() => <Step step={step} live={false} />, document.body)
  return document.body.textContent ?? ''
}

test('an answer from the cache is shown with the model, the tokens and the cost that it saved', () => {
  const usage = { input: 1200, cacheRead: 0, cacheWrite: 0, output: 300, reasoning: 0 }
  const text = shown({ type: 'cache', model: 'gpt-5-mini', usage, costUsd: 0.0125 })
  expect(text).toContain('gpt-5-mini')
  expect(text).toContain('1.5k tokens')
  expect(text).toContain('$0.0125')
})

test('without a known price only tokens are shown', () => {
  const usage = { input: 90, cacheRead: 5, cacheWrite: 0, output: 5, reasoning: 0 }
  const text = shown({ type: 'cache', model: 'mine', usage })
  expect(text).toContain('100')
  expect(text).not.toContain('$')
})
