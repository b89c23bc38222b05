import { describe, expect, test } from 'bun:test'
import { Emoji } from '@shared/contract'
import { chooseLocale } from '../i18n'
import { findEmoji, groups, loadEmoji, step } from './data'
import { keepEmoji, parseRecent, recentEmoji } from './recent'

describe('the emoji of the picker', () => {
  test('are all ones that the server takes, each once', async () => {
    const all = await loadEmoji()
    expect(all.length).toBeGreaterThan(1800)
    expect(all.filter(({ emoji }) => !Emoji.safeParse(emoji).success)).toEqual([])
    expect(new Set(all.map(({ emoji }) => emoji)).size).toBe(all.length)
    expect([...new Set(all.map(({ group }) => group))]).toEqual([...groups])
  })

  test('are the same in both languages, with names of their own', async () => {
    const english = await loadEmoji()
    await chooseLocale('zh-CN')
    const chinese = await loadEmoji()
    await chooseLocale('en')
    expect(chinese.map(({ emoji }) => emoji)).toEqual(english.map(({ emoji }) => emoji))
    expect(findEmoji(chinese, '火箭')[0]?.emoji).toBe('🚀')
  })

  test.each([
    ['rocket', '🚀'],
    ['thumbs up', '👍'],
    [':party', '🎉'],
    ['🙏', '🙏'],
  ])('%s finds %s among the first', async (query, emoji) => {
    const found = findEmoji(await loadEmoji(), query).slice(0, 8)
    expect(found.map((fact) => fact.emoji)).toContain(emoji)
  })

  test('nothing is found by what names none', async () => {
    expect(findEmoji(await loadEmoji(), 'xyzzy')).toEqual([])
  })
})

test.each([
  [[0, 0], 'ArrowRight', [0, 1]],
  [[0, 2], 'ArrowRight', [1, 0]],
  [[2, 0], 'ArrowRight', [2, 0]],
  [[1, 0], 'ArrowLeft', [0, 2]],
  [[0, 0], 'ArrowLeft', [0, 0]],
  [[0, 2], 'ArrowDown', [1, 1]],
  [[2, 0], 'ArrowDown', [2, 0]],
  [[2, 0], 'ArrowUp', [1, 0]],
  [[0, 1], 'ArrowUp', [0, 1]],
] as const)('from %p %s leads to %p', (from, key, to) => {
  expect(step(['abc', 'de', 'f'], from, key)).toEqual(to)
})

describe('what was used last', () => {
  test('stands first, each once', () => {
    keepEmoji('🐈')
    keepEmoji('👍')
    keepEmoji('🐈')
    expect(recentEmoji(3)).toEqual(['🐈', '👍', '❤️'])
  })

  test.each([[null], ['no json'], ['{"a":1}'], ['[1,null,{}]']])('of a spoilt store %p nothing is taken', (stored) => {
    expect(parseRecent(stored)).toEqual([])
  })
})
