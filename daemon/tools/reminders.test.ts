import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type ToolBench, startToolBench } from '../../test/fixtures/tools'

let bench: ToolBench
beforeAll(async () => {
  bench = await startToolBench()
})
afterAll(() => bench[Symbol.asyncDispose]())

const said = (work: Promise<string>): Promise<string> => work.catch((error: Error) => `refused: ${error.message}`)

test('an agent sets a reminder for itself, finds it and cancels it; another agent cannot', async () => {
  const other = await bench.colleague('other')
  const input = { target: '#general', title: 'Look again', when: 'in 20 minutes', prompt: 'Is it green?' }
  const id = /rem_\w+/.exec(await bench.call('set_reminder', input))?.[0] ?? ''
  expect(await bench.call('list_reminders', {})).toStartWith(`${id} [active] Look again in #general: next at 20`)
  expect(await bench.call('list_reminders', {}, other)).toBe('You have no reminders.')
  expect(await said(bench.call('cancel_reminder', { id }, other))).toStartWith('refused: This reminder was set by @ada')
  const reminder = await bench.owner.call('GET /api/reminders/{id}', { params: { id } })
  expect(reminder).toMatchObject({ for: { id: bench.ada.id }, createdBy: { kind: 'agent' }, prompt: 'Is it green?' })
  expect(await bench.call('cancel_reminder', { id })).toBe('Canceled.')
  expect(await bench.call('list_reminders', {})).toBe('You have no reminders.')
})

test.each([
  [{ target: '#general', title: 'x', when: 'every 2 minutes' }, 'refused: This would fire every 120 seconds'],
  [{ target: '#general', title: 'x', when: 'some day' }, 'refused: “some day” says no time'],
  [{ target: '#elsewhere', title: 'x', when: 'in 1 hour' }, 'refused: There is no channel #elsewhere'],
])('%j is refused', async (input, start) => {
  expect(await said(bench.call('set_reminder', input))).toStartWith(start)
})
