import { expect, test } from 'bun:test'
import { plainText } from './plain'

test.each([
  ['**bold** and *slanted* and ~~gone~~', 'bold and slanted and gone'],
  ['***both*** __under__ _one_', 'both under one'],
  ['snake_case_name and 2 * 3 * 4', 'snake_case_name and 2 * 3 * 4'],
  ['## What changed\n\nthe rest', 'What changed\nthe rest'],
  ['- one\n- [x] two\n1. three', 'one\ntwo\n1. three'],
  ['> said\n> twice', 'said\ntwice'],
  ['see [the plan](https://example.org/plan "Plan") now', 'see the plan now'],
  ['![a chart](/c.png) and <https://example.org>', 'a chart and https://example.org'],
  ['run `bun test` first', 'run bun test first'],
  ['```ts\nconst a = 1\n```\nafter', 'const a = 1\nafter'],
  ['| a | b |\n|---|---|\n| 1 | 2 |', 'a · b\n1 · 2'],
  ['not \\*bold\\*', 'not *bold*'],
  ['plain, as it is. #general @ada', 'plain, as it is. #general @ada'],
  ['', ''],
])('“%s” reads “%s”', (markdown, text) => expect(plainText(markdown)).toBe(text))

test('no text takes long', () => {
  const hard = ['*', '_', '`', '[', '![](', '\\', '|', '~', '- ', '> ', '#', '**a', '[a](', '<https://'].map((sign) =>
    sign.repeat(20_000),
  )
  const start = performance.now()
  for (const text of hard) plainText(text)
  // Far from what is ever seen: what backtracks takes minutes.
  expect(performance.now() - start).toBeLessThan(15_000)
})
