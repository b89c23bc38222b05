import { expect, test } from 'bun:test'
import { splitThought, unfenced } from './thought'

test.each([
  ['in tags', '<think>It is red.</think>{"a":1}', '{"a":1}', 'It is red.'],
  ['in several tags', '<thinking>A</thinking>x<Reasoning>B</Reasoning>y', 'xy', 'A\nB'],
  ['with the closing tag only', 'It is red.\n</think>\n{"a":1}', '{"a":1}', 'It is red.'],
  ['cut off', 'x <think>It is', 'x', 'It is'],
  ['none', '{"a":1}', '{"a":1}', undefined],
  ['empty', '<think>\n\n</think>\n\n{"a":1}', '{"a":1}', undefined],
])('what a model thought is told from what it says: %s', (_, text, said, thought) => {
  expect(splitThought(text)).toEqual({ said, thought })
})

test.each([
  ['```json\n{"a":1}\n```', '{"a":1}'],
  ['Here:\n```\n{"a":1}\n```\nThat is it.', '{"a":1}'],
  ['```python\n{"a":1}', '{"a":1}'],
  ['{"a":1}', '{"a":1}'],
])('code fences are left out of %j', (text, inside) => expect(unfenced(text)).toBe(inside))
