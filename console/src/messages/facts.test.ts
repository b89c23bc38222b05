import { afterEach, describe, expect, test } from 'bun:test'
import type { Message } from '@shared/contract'
import { chooseLocale } from '../i18n'
import { factText } from './facts'

const fact = (type: string, data: Record<string, unknown>) => ({ system: { type, data } }) as unknown as Message

afterEach(() => chooseLocale('en'))

describe('what the system says', () => {
  test.each([
    ['channel.member_joined', { name: 'ada' }, '@ada joined.'],
    ['channel.member_added', { by: 'ada', name: 'grace' }, '@ada added @grace.'],
    ['channel.renamed', { by: 'ada', name: 'plans' }, '@ada renamed the channel to “plans”.'],
    ['task.thread', { number: 3, summary: 'Ship it' }, 'Task #3: Ship it'],
    ['decision.rejected', { title: 'Tabs', reason: 'Voted down.' }, 'The decision “Tabs” was rejected. Voted down.'],
  ])('of %s is a sentence', (type, data, text) => {
    expect(factText(fact(type, data))).toBe(text)
  })

  test('is in the reader’s language, whatever the channel’s is', async () => {
    await chooseLocale('zh-CN')
    expect(factText(fact('channel.made_private', { by: 'ada' }))).toBe('@ada 将频道设为私有。')
  })

  test('of a kind that is not known here is the server’s own text', () => {
    expect(factText(fact('nobody.knows', {}))).toBeUndefined()
    expect(factText({ system: null } as unknown as Message)).toBeUndefined()
  })
})
