import { expect, test } from 'bun:test'
import type { SavedMessage } from '@shared/contract'
import { fitting } from './store'

const item = (id: string, target: string, content: string, savedAt: number) =>
  ({ id, target, savedAt, message: { content, sender: { displayName: 'Grace' } } }) as SavedMessage

test('saved messages are narrowed by conversation and by words, the latest saved first', () => {
  const all = [
    item('a', '#general', 'The notes of Monday', 1),
    item('b', '#design', 'Notes on colour', 3),
    item('c', '#general', '部署说明', 2),
  ]
  const ids = (target: string, words: string) => fitting(all, { target, words }).map(({ id }) => id)
  expect(ids('', '')).toEqual(['b', 'c', 'a'])
  expect(ids('#general', '')).toEqual(['c', 'a'])
  expect(ids('', 'NOTES grace')).toEqual(['b', 'a'])
  expect(ids('', '部署')).toEqual(['c'])
  expect(ids('#design', 'monday')).toEqual([])
})
