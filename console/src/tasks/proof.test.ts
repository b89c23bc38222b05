import { expect, test } from 'bun:test'
import { checksOf, commitsIn, firstChecks } from './proof'

test('a form begins with the checks that are still missing', () => {
  const passed = { name: 'tests', kind: 'test', status: 'passed', command: '', summary: '', excerpt: '' } as const
  const failed = { ...passed, name: 'lint', status: 'failed' } as const
  expect(firstChecks({ requiredChecks: ['tests', 'lint', 'review'], checks: [passed, failed] })).toEqual([
    { name: 'lint', status: 'passed', command: '' },
    { name: 'review', status: 'passed', command: '' },
  ])
})

test('commits are read from a text, each once, and what is none is named', () => {
  expect(commitsIn(' 0EE1a9c, 405f872\n0ee1a9c')).toEqual({ ids: ['0ee1a9c', '405f872'], wrong: undefined })
  expect(commitsIn('HEAD~1').wrong).toBe('head~1')
  expect(commitsIn('')).toEqual({ ids: [], wrong: undefined })
})

test('a result with a command was checked by it, one without by hand, one without a name not at all', () => {
  expect(
    checksOf([
      { name: ' tests ', status: 'passed', command: 'bun test' },
      { name: 'looks', status: 'failed', command: '' },
      { name: ' ', status: 'passed', command: 'x' },
    ]),
  ).toEqual([
    { name: 'tests', kind: 'command', status: 'passed', command: 'bun test' },
    { name: 'looks', kind: 'manual', status: 'failed' },
  ])
})
