import { basename, join } from 'node:path'
import { afterEach, describe, expect, test } from 'bun:test'
import { FailureReason, MAX_CONTENT, DEFAULT_POLICY, failures } from '@shared/contract'
import { defaultPolicy } from '../agents/kinds'
import { longest } from '../composer/composer'
import { isRetryable } from '../runs/failures'
import { chooseLocale, preferredLocale, t } from './index'
import { english as en } from './texts'
import { zh } from './zh'

const root = join(import.meta.dir, '..')
const groupOf = (key: string) => key.slice(0, key.indexOf('.'))
const read = async (pattern: string) => {
  const paths = await Array.fromAsync(new Bun.Glob(pattern).scan({ cwd: root }))
  return Promise.all(paths.map(async (path) => ({ path, text: await Bun.file(join(root, path)).text() })))
}
const sources = (await read('**/*.{ts,tsx}')).filter(({ path }) => !/^i18n\/(en|zh)\/|\.test\.tsx?$/.test(path))
const start = await Bun.file(join(import.meta.dir, 'index.ts')).text()
/** Areas that are loaded with the first screen. */
const first = new Set([...start.matchAll(/^import '.\/en\/(\w+)'/gm)].map((match) => match[1] ?? ''))
const areas = (await read('i18n/en/*.ts')).flatMap(({ path, text }) => {
  const area = basename(path, '.ts')
  return area === 'index' ? [] : [{ area, keys: [...text.matchAll(/^  '([\w.]+)':/gm)].map((match) => match[1] ?? '') }]
})
for (const { area } of areas) await import(`./en/${area}`)

afterEach(() => chooseLocale('en'))

const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort()

describe('languages', () => {
  test('have the same keys, no empty text, and fill in the same values', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort())
    for (const [key, text] of Object.entries(en)) {
      const other = zh[key as keyof typeof zh]
      expect({ key, empty: !other.trim() || !text.trim() }).toEqual({ key, empty: false })
      expect({ key, names: names(other) }).toEqual({ key, names: names(text) })
    }
  })

  test('Chinese is Chinese', () => {
    const foreign = new Set(['Nekode'])
    const left = Object.entries(zh).filter(([, text]) => !/\p{Script=Han}/u.test(text) && !foreign.has(text))
    expect(left).toEqual([])
  })

  test('every text is used somewhere', () => {
    const all = sources.map(({ text }) => text).join('\n')
    const built = [...all.matchAll(/`([a-z]+(?:\.[a-z]+)*\.)\$\{/gi)].map((match) => match[1] ?? '')
    const unused = Object.keys(en).filter(
      (key) => !all.includes(`'${key}'`) && !built.some((start) => key.startsWith(start)),
    )
    expect(unused).toEqual([])
  })

  test('a group of keys stands in one area', () => {
    const groups = areas.flatMap(({ area, keys }) => [...new Set(keys.map(groupOf))].map((group) => ({ area, group })))
    expect(groups.filter(({ group }, at) => groups.findIndex((other) => other.group === group) !== at)).toEqual([])
  })

  test('a file that uses an area which is not there from the start imports it', () => {
    const missing = areas
      .filter(({ area }) => !first.has(area))
      .flatMap(({ area, keys }) => {
        const uses = new RegExp(`['\`](?:${[...new Set(keys.map(groupOf))].join('|')})\\.[\\w.$]`)
        return sources
          .filter(({ text }) => uses.test(text) && !text.includes(`i18n/en/${area}'`))
          .map(({ path }) => `${path} has to import i18n/en/${area}`)
      })
    expect(missing).toEqual([])
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
      expect(en[`failure.${reason}`]?.length).toBeGreaterThan(10)
      expect(en[`failure.${reason}.next`]?.length).toBeGreaterThan(10)
    }
  })
})
