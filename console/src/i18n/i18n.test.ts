import { afterEach, describe, expect, test } from 'bun:test'
import { FailureReason, MAX_CONTENT, DEFAULT_POLICY, failures } from '@shared/contract'
import { defaultPolicy } from '../agents/kinds'
import { longest } from '../composer/composer'
import { isRetryable } from '../runs/failures'
import { en } from './en'
import { chooseLocale, preferredLocale, t } from './index'
import { zh } from './zh'

afterEach(() => chooseLocale('en'))

const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort()

describe('languages', () => {
  test('have the same keys, no empty text, and fill in the same values', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort())
    for (const [key, text] of Object.entries(en)) {
      const other = zh[key as keyof typeof en]
      expect({ key, empty: !other.trim() || !text.trim() }).toEqual({ key, empty: false })
      expect({ key, names: names(other) }).toEqual({ key, names: names(text) })
    }
  })

  test('Chinese is Chinese', () => {
    const foreign = new Set(['Nekode'])
    const left = Object.entries(zh).filter(([, text]) => !/\p{Script=Han}/u.test(text) && !foreign.has(text))
    expect(left).toEqual([])
  })

  test('every text is used somewhere', async () => {
    const files = await Array.fromAsync(
      new Bun.Glob('**/*.{ts,tsx}').scan({ cwd: `${import.meta.dir}/..`, absolute: true }),
    )
    const sources = files.filter((file) => !/i18n\/(en|zh)\.ts$|\.test\.tsx?$/.test(file))
    const all = (await Promise.all(sources.map((file) => Bun.file(file).text()))).join('\n')
    const built = [...all.matchAll(/`([a-z]+(?:\.[a-z]+)*\.)\$\{/gi)].map((match) => match[1] ?? '')
    const unused = Object.keys(en).filter(
      (key) => !all.includes(`'${key}'`) && !built.some((start) => key.startsWith(start)),
    )
    expect(unused).toEqual([])
  })
})

describe('t', () => {
  test('fills in values and chooses by number', async () => {
    expect(t('message.replies', { n: 1 })).toBe('1 reply')
    expect(t('message.replies', { n: 2 })).toBe('2 replies')
    await chooseLocale('zh-CN')
    expect(t('message.replies', { n: 1 })).toBe('1 条回复')
    expect(document.documentElement.lang).toBe('zh-CN')
  })

  test('does not take a value for a pattern', () => {
    expect(t('delivery.failed', { name: '$& {name}' })).toBe('$& {name} could not answer.')
  })
})

test.each([
  ['what was chosen', 'zh-CN', ['en-US'], 'zh-CN'],
  ['the first language of the browser that we have', null, ['fr', 'zh-TW', 'en'], 'zh-CN'],
  ['English for the rest', null, ['fr-FR'], 'en'],
  ['English when the choice is nonsense', 'klingon', ['en'], 'en'],
] as const)('the language is %s', (_, stored, languages, expected) => {
  expect(preferredLocale(stored, languages)).toBe(expected)
})

describe('what the console repeats of the contract so that its schemas stay out of the bundle', () => {
  test('is the same', () => {
    expect(defaultPolicy).toEqual(DEFAULT_POLICY)
    expect(longest).toBe(MAX_CONTENT)
  })

  test('every failure has a sentence and a next step, and the same ones can be tried again', () => {
    for (const reason of FailureReason.options) {
      expect({ reason, retryable: isRetryable(reason) }).toEqual({ reason, retryable: failures[reason].retryable })
      expect(en[`failure.${reason}`].length).toBeGreaterThan(10)
      expect(en[`failure.${reason}.next`].length).toBeGreaterThan(10)
    }
  })
})
