import { expect, test } from 'bun:test'
import { limitOf, pagesOf } from './page'
import { parseTarget } from './target'
import { cut, cutVisibly, firstLine } from './text'
import { millis, seconds } from './wire'

test('pages of what is in memory come in the order of their keys, also when items come and go', async () => {
  const items = ['d', 'a', 'c', 'b', 'e']
  const first = await pagesOf(items, (s) => s)(undefined, 2)
  expect(first).toEqual({ items: ['a', 'b'], nextCursor: 'b' })
  const changed = ['d', 'a', 'bb', 'e', 'aa']
  const second = await pagesOf(changed, (s) => s)(first.nextCursor, 2)
  expect(second).toEqual({ items: ['bb', 'd'], nextCursor: 'd' })
  expect(await pagesOf(changed, (s) => s)(second.nextCursor, 2)).toEqual({ items: ['e'] })
  expect(await pagesOf([], String)(undefined, 2)).toEqual({ items: [] })
})

test.each([
  [0, undefined, 100],
  [0, 50, 50],
  [7, undefined, 7],
  [100_000, undefined, 200],
])('a limit of %p (usually %p) is %p', (limit, usual, is) => {
  expect(limitOf(limit, usual)).toBe(is)
})

test.each([
  ['#general', '#general', undefined],
  ['#general:msg_1', '#general', 'msg_1'],
  ['dm:agent_1+usr_2', 'dm:agent_1+usr_2', undefined],
  ['dm:agent_1+usr_2:msg_3', 'dm:agent_1+usr_2', 'msg_3'],
  ['#a:b', '#a:b', undefined],
  ['', '', undefined],
])('the target %p is %p and the thread %p', (text, target, threadId) => {
  expect(parseTarget(text)).toEqual({ target, threadId })
})

test.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'abc'],
  ['a😀b', 2, 'a'],
  ['a😀b', 3, 'a😀'],
  ['a\ud83d', 9, 'a\ufffd'],
])('%p cut to %p is %p', (text, length, is) => {
  expect(cut(text, length)).toBe(is)
})

test('text that is cut visibly says so, and a first line is one line', () => {
  expect(cutVisibly('a😀b', 2)).toBe('a\n… (cut)')
  expect(cutVisibly('ab', 2)).toBe('ab')
  expect(firstLine('\n  one\ntwo', 10)).toBe('one')
})

test('times are whole seconds on the wire and 0 is never', () => {
  expect([seconds(1999), seconds(null)]).toEqual([1n, 0n])
  expect([millis(2n), millis(0n), millis(-5n), millis(1n << 62n)]).toEqual([2000, null, null, null])
})
