import { expect, test } from 'bun:test'
import type { ToolKind } from '../runtimes/events'
import { answerOf, type Segment } from './answer'

const text = (said: string): Segment => ({ type: 'text', text: said })
const tool = (kind: ToolKind, name = 'Bash'): Segment => ({ type: 'tool', kind, name })

test.each<[string, Segment[], string]>([
  ['the only text', [text('Hi.')], 'Hi.'],
  ['all blocks when no tool ran', [text('One.'), text(' Two.\n')], 'One.\n\nTwo.'],
  ['what follows the last tool', [text('Let me look.'), tool('execute'), text('It is fixed.')], 'It is fixed.'],
  ['what came before when nothing follows', [text('Doing it now.'), tool('edit')], 'Doing it now.'],
  ['the nearest text before', [text('A.'), tool('read'), text('B.'), tool('edit'), tool('execute')], 'B.'],
  [
    'the answer, not the remark after a note to memory',
    [tool('execute'), text('42.'), tool('mcp', 'mcp__nekode__update_memory'), text('Noted.')],
    '42.\n\nNoted.',
  ],
  ['the answer before a thought or a plan', [tool('read'), text('Yes.'), tool('think', 'TodoWrite')], 'Yes.'],
  ['nothing for a turn without text', [tool('execute')], ''],
  ['nothing for blank text', [text(' \n')], ''],
])('the answer is %s', (_, segments, answer) => {
  expect(answerOf(segments)).toBe(answer)
})

test('a tool of somebody else with a similar name divides the text', () => {
  expect(answerOf([text('A.'), tool('mcp', 'preupdate_memory'), text('B.')])).toBe('B.')
})
