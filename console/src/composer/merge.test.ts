import { expect, test } from 'bun:test'
import { merge } from './merge'

const now = 1_000_000
const ago = (seconds: number) => now - seconds * 1000

test.each([
  ['nothing is here', undefined, 'from the phone', 'take'],
  ['the same is here', { text: 'same', base: '', typedAt: now }, 'same', 'same'],
  ['what is here is the server’s, from before', { text: 'old', base: 'old', typedAt: ago(60) }, 'new', 'take'],
  ['it was sent elsewhere, long after it was written here', { text: 'old', base: 'old', typedAt: ago(60) }, '', 'take'],
  ['somebody is typing here', { text: 'mine', base: 'mine', typedAt: ago(5) }, 'theirs', 'offer'],
  ['what is here has not reached the server', { text: 'mine', base: 'older', typedAt: ago(90) }, 'theirs', 'offer'],
  ['it was sent elsewhere while somebody types here', { text: 'mine', base: 'mine', typedAt: ago(5) }, '', 'keep'],
  ['it was emptied here a moment ago', { text: '', base: 'sent', typedAt: ago(1) }, 'sent', 'keep'],
  ['the server says what it was known to have', { text: 'mine and more', base: 'mine', typedAt: now }, 'mine', 'keep'],
  ['nothing is here and nothing is there', { text: '', base: '', typedAt: ago(1) }, '', 'same'],
] as const)('when %s', (_, local, incoming, outcome) => {
  expect(merge(local, incoming, now)).toBe(outcome)
})
