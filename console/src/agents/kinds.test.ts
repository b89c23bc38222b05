import { describe, expect, test } from 'bun:test'
import { fit } from '../app/fuzzy'
import { conversationPath } from '../app/paths'
import { channelName } from '../channels/create'
import { browserName } from '../settings/sessions'
import { handleOf, line, policyOf, presetOf, ruleOf, words } from './kinds'

test('a handle is made of a name', () => {
  expect(['Scout 2', 'Zoë', '--x--', '小助手', 'A'.repeat(50)].map(handleOf)).toEqual([
    'scout-2',
    'zoe',
    'x',
    '',
    'a'.repeat(32),
  ])
})

describe('a policy', () => {
  test('is told by what it decides, not by how it is written', () => {
    expect(presetOf(policyOf('careful'))).toBe('careful')
    expect(presetOf({ default: 'allow', rules: { edit: 'allow' } })).toBe('trusting')
    expect(presetOf({ default: 'deny', rules: { read: 'allow', search: 'allow' } })).toBe('readonly')
    expect(presetOf({ default: 'ask', rules: {} })).toBe('own')
  })

  test('falls back to its default', () => {
    expect(ruleOf({ default: 'ask', rules: { read: 'allow' } }, 'read')).toBe('allow')
    expect(ruleOf({ default: 'ask', rules: { read: 'allow' } }, 'edit')).toBe('ask')
  })
})

test('a command line is read as words and written back', () => {
  expect(words(`node 'my file.js' --name "a b" c\\ d`)).toEqual(['node', 'my file.js', '--name', 'a b', 'c d'])
  expect(words(line(['node', 'my file.js', '--x=1']))).toEqual(['node', 'my file.js', '--x=1'])
  expect(words('')).toEqual([])
})

test('a place fits best when its name starts with what was typed', () => {
  expect(['general', 'the general', 'regeneral', 'g-e-n', 'xyz'].map((name) => fit(name, '#gen'))).toEqual([
    4, 3, 2, 1, 0,
  ])
})

test('a conversation’s address names it, its thread and a message', () => {
  expect(conversationPath('#general')).toBe('/c/general')
  expect(conversationPath('#发布')).toBe('/c/%E5%8F%91%E5%B8%83')
  expect(conversationPath('dm:a:b', { thread: 'msg_1', message: 'msg_2' })).toBe('/d/a%3Ab?thread=msg_1&message=msg_2')
})

test('a channel’s name is made usable while it is typed', () => {
  expect(['#Release Notes', '发布 计划', 'a/b!'].map(channelName)).toEqual(['release-notes', '发布-计划', 'ab'])
})

test('a session is told by its browser and system', () => {
  expect(browserName('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36')).toBe(
    'Chrome · Linux',
  )
  expect(browserName('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18 Safari/605')).toBe('Safari · macOS')
  expect(browserName('')).toBe('?')
})
