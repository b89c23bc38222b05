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
    expect(log.gaps).toEqual([])
  })

  test('a first piece that does not start the text is a gap, and so is a later hole', () => {
    const begun = emptyLog()
    addStep(begun, text('s1', 40, 'late'))
    expect(begun).toMatchObject({ gaps: ['s1'], order: [] })
    const later = emptyLog()
    addStep(later, text('s1', 0, 'Hello'))
    addStep(later, text('s1', 9, 'late'))
    expect(later.gaps).toEqual(['s1'])
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

describe('an event', () => {
  test('about a step of a page that was not asked for waits for its page', () => {
    const log = emptyLog()
    addFetched(log, [{ ...tool('t2', ''), sequence: 9 }], new Set())
    Object.assign(log, { loaded: true, older: '9.t2' })
    addStep(log, tool('t1', 'late', 'completed'))
    addStep(log, { ...tool('t3', ''), sequence: 10 })
    expect(log.order).toEqual(['t2', 't3'])
    log.older = null
    addStep(log, tool('t1', 'late', 'completed'))
    expect(log.order).toEqual(['t1', 't2', 't3'])
  })

  test('that does not carry the whole of a large step leaves what is known, and asks for the rest', () => {
    const log = emptyLog()
    addStep(log, tool('t1', 'so far'))
    addStep(log, { ...tool('t1', 'shortened', 'completed'), clipped: true })
    addStep(log, { ...tool('t2', 'shortened', 'completed'), clipped: true })
    expect(log.byId['t1']).toMatchObject({ status: 'completed', detail: { output: 'so far' } })
    expect(log).toMatchObject({ order: ['t1'], gaps: ['t1', 't2'] })
    addFetched(log, [{ ...tool('t1', 'all of it', 'completed') }], new Set())
    expect(log.byId['t1']).toMatchObject({ detail: { output: 'all of it' } })
  })
})

describe('addFetched', () => {
  test('the whole text fills a hole and keeps what came meanwhile', () => {
    const log = emptyLog()
    addStep(log, text('s1', 0, 'Hello'))
    addStep(log, text('s1', 9, 'ignored'))
    addFetched(log, [text('s1', 0, 'Hello wor')], new Set())
    addStep(log, text('s1', 9, 'ld'))
    expect(textOf(log, 's1')).toBe('Hello world')
  })

  test('an earlier page goes before what is there, in the order of the server', () => {
    const log = emptyLog()
    const notice = (id: string, sequence: number) => step(id, sequence, { type: 'notice', level: 'info', text: id })
    addFetched(log, [notice('d', 4), notice('c', 3)], new Set())
    addFetched(log, [notice('b2', 2), notice('b1', 2), notice('a', 1)], new Set())
    expect(log.order).toEqual(['a', 'b1', 'b2', 'c', 'd'])
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
