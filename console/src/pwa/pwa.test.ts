import { describe, expect, test } from 'bun:test'
import { parseMessage, wordsOf } from './message'
import { kindOf, outdated } from './shell'

const origin = 'https://nekode.test'
const kept = new Set(['/icon-192.png'])

describe('what the service worker answers', () => {
  test.each([
    ['a page', 'GET', 'navigate', '/c/general', 'page'],
    ['the first page', 'GET', 'navigate', '/', 'page'],
    ['a download that is navigated to', 'GET', 'navigate', '/api/attachments/att_1/content', 'server'],
    ['the API', 'GET', 'cors', '/api/snapshot', 'server'],
    ['what changes something', 'POST', 'navigate', '/', 'server'],
    ['a file by its hash', 'GET', 'no-cors', '/assets/page-abc.js', 'file'],
    ['an icon that it keeps', 'GET', 'no-cors', '/icon-192.png', 'file'],
    ['its own script', 'GET', 'same-origin', '/sw.js', 'server'],
    ['another site', 'GET', 'navigate', 'https://elsewhere.test/assets/a.js', 'server'],
  ] as const)('%s', (_, method, mode, path, kind) => {
    const url = new URL(path, origin).href
    expect(kindOf({ method, mode, url }, origin, kept)).toBe(kind)
  })

  test('keeps the files of the build before, which an open page may still need, and nothing older', () => {
    const names = ['nekode-1', 'other', 'nekode-2', 'nekode-3']
    expect(outdated(names, 'nekode-3', 'nekode-')).toEqual(['nekode-1'])
    expect(outdated(['nekode-3'], 'nekode-3', 'nekode-')).toEqual([])
  })
})

describe('a push message', () => {
  const message = {
    kind: 'mention',
    locale: 'en',
    by: '$& {place}',
    place: '#general',
    text: 'hello',
    path: '/c/general',
  }

  test('is said in the language of its reader, and no name is taken for a pattern', () => {
    const parsed = parseMessage(JSON.stringify(message))
    expect(parsed && wordsOf(parsed)).toEqual({ title: '$& {place} mentioned you in #general', body: 'hello' })
    const chinese = parseMessage(JSON.stringify({ ...message, locale: 'zh-CN', by: 'Grace', text: '' }))
    expect(chinese && wordsOf(chinese)).toEqual({ title: 'Grace 在 #general 中提到了你', body: '打开 Nekode 查看。' })
  })

  test.each(['', '{', '{}', JSON.stringify({ ...message, kind: 'other' }), JSON.stringify({ ...message, path: 7 })])(
    'that is none is not shown: %s',
    (json) => {
      expect(parseMessage(json)).toBeUndefined()
    },
  )
})
