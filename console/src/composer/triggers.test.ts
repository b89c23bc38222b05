import { describe, expect, test } from 'bun:test'
import { replaceTyped, typedAt } from './triggers'

describe('typedAt', () => {
  test.each([
    ['@sc', { sign: '@', start: 0, query: 'sc' }],
    ['hi @', { sign: '@', start: 3, query: '' }],
    ['(@s', { sign: '@', start: 1, query: 's' }],
    ['你好，@s', { sign: '@', start: 3, query: 's' }],
    ['see #Gen', { sign: '#', start: 4, query: 'gen' }],
    ['see #开发', { sign: '#', start: 4, query: '开发' }],
    ['nice :roc', { sign: ':', start: 5, query: 'roc' }],
    ['ok :+1', { sign: ':', start: 3, query: '+1' }],
    ['/rem', { sign: '/', start: 0, query: 'rem' }],
    ['/', { sign: '/', start: 0, query: '' }],
  ] as const)('something is being typed at the end of %p', (text, typed) => {
    expect(typedAt(text, text.length)).toEqual(typed)
  })

  test.each([
    ['an address', 'x@scout'],
    ['a name and a space', '@scout '],
    ['a heading', '# '],
    ['the sign of a heading alone', '#'],
    ['a colour in a word', 'a#fff'],
    ['a time', 'at 12:30'],
    ['a face', 'fine :)'],
    ['an address of the web', 'https://x'],
    ['a path', '/usr/bin'],
    ['a command with its arguments', '/remind me'],
    ['a slash later on', 'either /or'],
  ])('nothing is in %s', (_, text) => {
    expect(typedAt(text, text.length)).toBeUndefined()
  })

  test('looks at what is before the caret only', () => {
    expect(typedAt('hi @scout', 2)).toBeUndefined()
    expect(typedAt('ask @Sco about it', 8)).toEqual({ sign: '@', start: 4, query: 'sco' })
  })

  test('takes no piece of a long word for a beginning', () => {
    expect(typedAt('x'.repeat(300), 300)).toBeUndefined()
    expect(typedAt(`${'x'.repeat(69)}@${'y'.repeat(30)}`, 100)).toBeUndefined()
    expect(typedAt(`${'x'.repeat(170)}@${'y'.repeat(30)}`.slice(0, 201), 201)).toBeUndefined()
  })
})

describe('replaceTyped', () => {
  test('leaves one space behind', () => {
    expect(replaceTyped('ask @sc', { sign: '@', start: 4, query: 'sc' }, '@scout')).toEqual({
      text: 'ask @scout ',
      caret: 11,
    })
    expect(replaceTyped('ask @sc now', { sign: '@', start: 4, query: 'sc' }, '@scout')).toEqual({
      text: 'ask @scout now',
      caret: 11,
    })
  })
})
