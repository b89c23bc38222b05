import { describe, expect, test } from 'bun:test'
import type { RunStep, StepDetail } from '@shared/contract'
import { addFetched, addStep, emptyLog, putPiece } from './steps'

const step = (id: string, sequence: number, detail: StepDetail, status: RunStep['status'] = 'running'): RunStep => ({
  id,
  runId: 'run_1',
  sequence,
  status,
  detail,
  startedAt: 1,
  completedAt: status === 'running' ? null : 2,
})
const text = (id: string, offset: number, piece: string) => step(id, 1, { type: 'text', offset, text: piece })
const tool = (id: string, output: string, status: RunStep['status'] = 'running') =>
  step(id, 2, { type: 'tool', name: 'Bash', kind: 'execute', title: 'ls', output }, status)
const textOf = (log: ReturnType<typeof emptyLog>, id: string) => {
  const detail = log.byId[id]?.detail
  return detail?.type === 'text' ? detail.text : undefined
}

describe('putPiece', () => {
  test.each([
    ['a piece at the end is appended', 'Hello', 5, ' world', 'Hello world'],
    ['a piece that came before changes nothing', 'Hello world', 0, 'Hello', 'Hello world'],
    ['a piece that overlaps the end adds what is new', 'Hello wo', 6, 'world', 'Hello world'],
    ['an empty piece changes nothing', 'Hello', 5, '', 'Hello'],
    ['surrogate pairs are counted in code units', 'a👍', 3, 'b', 'a👍b'],
  ])('%s', (_, before, offset, piece, after) => {
    expect(putPiece(before, offset, piece)).toBe(after)
  })

  test('a piece with a hole before it is refused', () => {
    expect(putPiece('Hello', 6, 'world')).toBeNull()
  })
})

describe('addStep', () => {
  test('pieces of one text grow it, whatever is sent twice', () => {
    const log = emptyLog()
    for (const piece of [
      text('s1', 0, 'Hel'),
      text('s1', 3, 'lo'),
      text('s1', 0, 'Hel'),
      text('s1', 3, 'lo'),
      text('s1', 5, '!'),
    ])
      addStep(log, piece)
    expect(textOf(log, 's1')).toBe('Hello!')
    expect(log.gap).toBe(false)
  })

  test('a first piece that does not start the text is a gap, and so is a later hole', () => {
    const begun = emptyLog()
    addStep(begun, text('s1', 40, 'late'))
    expect(begun).toMatchObject({ gap: true, order: [] })
    const later = emptyLog()
    addStep(later, text('s1', 0, 'Hello'))
    addStep(later, text('s1', 9, 'late'))
    expect(later.gap).toBe(true)
    expect(textOf(later, 's1')).toBe('Hello')
  })

  test('steps stand in the order in which they began, not in which they arrived', () => {
    const log = emptyLog()
    for (const [id, sequence] of [
      ['c', 3],
      ['a', 1],
      ['b', 2],
    ] as const)
      addStep(log, step(id, sequence, { type: 'notice', level: 'info', text: id }))
    expect(log.order).toEqual(['a', 'b', 'c'])
  })

  test('a tool that comes again is replaced as a whole', () => {
    const log = emptyLog()
    addStep(log, tool('t1', ''))
    addStep(log, tool('t1', 'done', 'completed'))
    expect(log.byId['t1']).toMatchObject({ status: 'completed', detail: { output: 'done' } })
    expect(log.order).toEqual(['t1'])
  })
})

describe('addFetched', () => {
  test('the whole text closes a gap and keeps what came meanwhile', () => {
    const log = emptyLog()
    addStep(log, text('s1', 0, 'Hello'))
    addStep(log, text('s1', 9, 'ignored'))
    addFetched(log, [text('s1', 0, 'Hello wor')], new Set())
    addStep(log, text('s1', 9, 'ld'))
    expect(textOf(log, 's1')).toBe('Hello world')
    expect(log).toMatchObject({ gap: false, loaded: true })
  })

  test('an answer that is older than the page does not shorten a text', () => {
    const log = emptyLog()
    addStep(log, text('s1', 0, 'Hello world'))
    addFetched(log, [text('s1', 0, 'Hello')], new Set(['s1']))
    expect(textOf(log, 's1')).toBe('Hello world')
  })

  test('a tool that an event changed after the request stays as the event left it', () => {
    const log = emptyLog()
    addStep(log, tool('t1', 'done', 'completed'))
    addFetched(log, [tool('t1', '')], new Set(['t1']))
    expect(log.byId['t1']).toMatchObject({ status: 'completed' })
    addFetched(log, [tool('t1', 'from the server')], new Set())
    expect(log.byId['t1']).toMatchObject({ detail: { output: 'from the server' } })
  })
})
