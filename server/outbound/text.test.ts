import { expect, test } from 'bun:test'
import { textOf } from './text'

const sender = { displayName: 'Ada', name: 'ada' }
const file = { filename: 'plan.png' }

test.each([
  ['a message', { content: 'hello', sender, attachments: [] }, '[#general] Ada: hello'],
  [
    'one with files',
    { content: 'look', sender, attachments: [file, file] },
    '[#general] Ada: look [plan.png] [plan.png]',
  ],
  ['files alone', { content: '', sender, attachments: [file] }, '[#general] Ada: [plan.png]'],
  ['a message of before there were files', { content: 'hello', sender }, '[#general] Ada: hello'],
])('%s is a line that says what came', (_, payload, text) => {
  expect(textOf('message', '#general', payload)).toBe(text)
})
