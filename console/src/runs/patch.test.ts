import { expect, test } from 'bun:test'
import { changeOf, commandOf } from './toolinput'
import { parseDiff, sideBySide, statOf } from './patch'
import { stripAnsi, tail } from './terminal'
import { runFigures, totalTokens } from './usage'
import type { Run } from '@shared/contract'

test('a unified diff keeps the line numbers of both sides', () => {
  const diff = parseDiff('--- a/x\n+++ b/x\n@@ -3,3 +3,3 @@ fn()\n a\n-b\n+c\n d\n\\ No newline at end of file\n')
  expect(diff).toMatchObject({ added: 1, removed: 1, cut: 0 })
  expect(diff.lines).toEqual([
    { kind: 'hunk', text: 'fn()' },
    { kind: 'same', text: 'a', before: 3, after: 3 },
    { kind: 'removed', text: 'b', before: 4 },
    { kind: 'added', text: 'c', after: 4 },
    { kind: 'same', text: 'd', before: 5, after: 5 },
  ])
})

test('a line that begins with dashes or pluses inside a hunk is a change, not a file name', () => {
  const { lines } = parseDiff('@@ -1,1 +1,1 @@\n--- old\n+++ new\n')
  expect(lines.slice(1)).toEqual([
    { kind: 'removed', text: '-- old', before: 1 },
    { kind: 'added', text: '++ new', after: 1 },
  ])
})

test('a file that was made is all added lines, and a very long one is cut', () => {
  expect(parseDiff('one\ntwo\n')).toMatchObject({ added: 2, removed: 0, lines: [{ after: 1 }, { after: 2 }] })
  expect(parseDiff('x\n'.repeat(2000))).toMatchObject({ added: 2000, cut: 500 })
})

test('terminal output is text as it ended up on screen', () => {
  expect(stripAnsi('\u001b[32m✓\u001b[0m ok\r\n10%\r55%\r100%\n\u001b]0;title\u0007done\u001b[2K')).toBe(
    '✓ ok\n100%\ndone',
  )
})

test('of a long output the end is shown', () => {
  expect(tail('a\nb\nc\nd', 2)).toEqual({ text: 'c\nd', cut: 2 })
  expect(tail('a\nb', 2)).toEqual({ text: 'a\nb', cut: 0 })
})

test('a command is found however the runtime gives it', () => {
  expect(commandOf({ command: 'ls -la' })).toBe('ls -la')
  expect(commandOf({ command: ['bash', '-lc', 'ls'] })).toBe('bash -lc ls')
  expect(commandOf({ path: 'x' })).toBeUndefined()
  expect(commandOf(null)).toBeUndefined()
})

test('the figures of a run are those that are known', () => {
  const usage = { input: 1200, cacheRead: 10_000, cacheWrite: 0, output: 800, reasoning: 300 }
  expect(totalTokens(usage)).toBe(12_000)
  const run = { startedAt: 1000, completedAt: 63_000, usage, costUsd: 0.0421 } as Run
  expect(runFigures(run, 0)).toBe('1m 02s · 12k tokens · $0.0421')
  expect(runFigures({ ...run, startedAt: null, usage: null, costUsd: null }, 0)).toBe('')
})

test('a file change is a diff before it is made, whatever the runtime calls its parts', () => {
  expect(changeOf({ path: 'a.md', content: '# A\n' })).toEqual({ path: 'a.md', diff: '# A\n' })
  const edit = changeOf({ file_path: 'a.ts', old_string: 'a', new_string: 'b\nc' })
  expect(parseDiff(edit?.diff ?? '')).toMatchObject({ added: 2, removed: 1 })
  expect(changeOf({ path: 'a.ts' })).toBeUndefined()
})

test('side by side, what was removed stands beside what took its place', () => {
  const { lines } = parseDiff('@@ -1,4 +1,4 @@\n same\n-a\n-b\n+A\n end\n+new\n')
  const rows = sideBySide(lines).map(({ hunk, before, after }) => hunk ?? [before?.text, after?.text])
  expect(rows).toEqual(['⋯', ['same', 'same'], ['a', 'A'], ['b', undefined], ['end', 'end'], [undefined, 'new']])
})

test('what came and went is counted over several files', () => {
  expect(statOf([{ diff: '@@ -1 +1 @@\n-a\n+b\n' }, { diff: 'whole\nfile\n' }])).toEqual({ added: 3, removed: 1 })
})
