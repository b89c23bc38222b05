import { expect, test } from 'bun:test'
import type { AgentEvent } from './events'
import { Turns } from './turns'

function make() {
  const events: AgentEvent[] = []
  return { events, turns: new Turns<string>((event) => events.push(event)) }
}
const TOOL = { toolId: 't', name: 'shell', kind: 'execute', title: 'ls' } as const
const ASK = { ...TOOL, requestId: 'r', input: {}, canRemember: false }

test('the end of a turn ends its tools and withdraws its questions, once', () => {
  const { events, turns } = make()
  turns.begin('one')
  turns.toolStart(TOOL)
  turns.toolStart(TOOL)
  turns.toolUpdate({ toolId: 't', output: 'half' })
  turns.ask(ASK, 'how to answer')
  turns.message('m', 'text')
  turns.end('interrupted')
  turns.end('completed')
  expect(events.map(({ type }) => type)).toEqual([
    'turn.start',
    'tool.start',
    'tool.update',
    'permission',
    'message',
    'tool.end',
    'permission.cancel',
    'turn.end',
  ])
  expect(events[5]).toMatchObject({ status: 'interrupted', output: 'half' })
  expect(events[7]).toEqual({ type: 'turn.end', turnId: 'one', reason: 'interrupted', text: 'text' })
  expect(turns.take('r')).toBeUndefined()
})

test('a question is answered once, and a tool ends once', () => {
  const { events, turns } = make()
  turns.begin()
  turns.ask(ASK, 'how to answer')
  expect(turns.take('r')).toBe('how to answer')
  expect(turns.take('r')).toBeUndefined()
  turns.withdraw('r')
  turns.toolStart(TOOL)
  turns.toolEnd('t', 'completed', 'done')
  turns.toolEnd('t', 'failed')
  turns.toolEnd('unknown', 'failed')
  expect(events.filter(({ type }) => type === 'tool.end')).toMatchObject([{ status: 'completed', output: 'done' }])
  expect(events.filter(({ type }) => type === 'permission.cancel')).toEqual([])
})

test('an exit that nobody asked for fails the turn with its reason, and nothing follows it', () => {
  const { events, turns } = make()
  turns.begin('one')
  turns.exit({ code: 1, signal: null }, 'Agent', false, 'out of paper')
  turns.begin('two')
  turns.stderr('late')
  expect(events.slice(1)).toEqual([
    {
      type: 'turn.end',
      turnId: 'one',
      reason: 'failed',
      text: '',
      failure: { reason: 'crashed', message: 'Agent exited with 1: out of paper' },
    },
    {
      type: 'exit',
      code: 1,
      signal: null,
      expected: false,
      failure: { reason: 'crashed', message: 'Agent exited with 1: out of paper' },
    },
  ])
})

test('noise is shown up to a limit, anew in each turn', () => {
  const { events, turns } = make()
  turns.begin()
  for (let count = 0; count < 5000; count++) turns.garbage('?')
  expect(events.length).toBe(1001)
  expect(events.at(-1)).toMatchObject({ type: 'stderr', line: expect.stringContaining('not shown') })
  turns.end('completed')
  turns.begin()
  turns.garbage('x'.repeat(3000))
  expect(events.at(-1)).toMatchObject({ type: 'garbage', line: expect.stringContaining('1000 more characters') })
})

test('the output of a tool is limited in what is kept and in what is reported', () => {
  const { events, turns } = make()
  turns.begin()
  turns.toolStart(TOOL)
  for (let count = 0; count < 100; count++) turns.toolUpdate({ toolId: 't', output: 'x'.repeat(10_000) })
  turns.toolEnd('t', 'completed')
  const updates = events.filter(({ type }) => type === 'tool.update')
  expect(updates.length).toBe(27)
  const end = events.at(-1)
  expect(end?.type === 'tool.end' && end.output.length).toBeLessThan(263_000)
})
