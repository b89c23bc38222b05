import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { wordsOf } from './line'
import { isSecret, parseCommand, verbs } from './verbs'

const code = (name: string) => expect.objectContaining({ code: name })

describe('the words of a line', () => {
  test.each<[string, string[]]>([
    ['', []],
    ['   ', []],
    ['tap 1 2', ['tap', '1', '2']],
    ['  tap\t1  2  ', ['tap', '1', '2']],
    ['text "a  b" c', ['text', 'a  b', 'c']],
    ['text \'say "hi"\'', ['text', 'say "hi"']],
    ['text "say \\"hi\\" \\\\ \\n"', ['text', 'say "hi" \\ \\n']],
    ["text it\\'s", ['text', "it's"]],
    ["text 'a\\b'", ['text', 'a\\b']],
    ['text a"b c"d', ['text', 'ab cd']],
    ['text ""', ['text', '']],
    ['# a comment', []],
    ['tap 1 2 # there', ['tap', '1', '2']],
    ['text a#b "#c"', ['text', 'a#b', '#c']],
    ['text \\#tag', ['text', '#tag']],
    ['text grün 😀', ['text', 'grün', '😀']],
  ])('%p', (line, words) => expect(wordsOf(line)).toEqual(words))

  test.each(['text "a', "text it's", 'text a\\'])('%p does not end', (line) =>
    expect(() => wordsOf(line)).toThrow(code('quote_open')),
  )
})

describe('a command', () => {
  test('has a name, or several, that no other one has', () => {
    const names = verbs.flatMap(({ name, aliases = [] }) => [name, ...aliases])
    expect(new Set(names).size).toBe(names.length)
  })

  test.each(['MOVE 1 2', 'hover 1 2', '? tap', 'q', 'type x', 'double', 'swipe 1 2 3 4'])('%p is one', (line) =>
    expect(parseCommand(line)?.verb.name).toBeString(),
  )

  test.each(['move', 'move 1 2 3', 'tap 1', 'enter now', 'key', 'drag 1 2 3', 'input 1 2'])(
    '%p is written wrongly, and told how it is written',
    (line) => {
      expect(() => parseCommand(line)).toThrow(
        expect.objectContaining({ code: 'usage', next: expect.stringContaining('usage: ') }),
      )
    },
  )

  test('that is not there is named, with one that is near', () => {
    expect(() => parseCommand('scr')).toThrow(
      expect.objectContaining({ code: 'unknown_command', next: expect.stringContaining('“scroll”') }),
    )
    expect(() => parseCommand('fly 1 2')).toThrow(code('unknown_command'))
  })

  test.each(['', '   # nothing'])('%p is none', (line) => expect(parseCommand(line)).toBeUndefined())

  test('is in the documentation', () => {
    const page = readFileSync(join(import.meta.dir, '../../../docs/neko-manual.md'), 'utf8')
    const missing = verbs
      .flatMap(({ name, aliases = [] }) => [name, ...aliases])
      .filter((name) => name !== '?' && !new RegExp(`\`${name}[ \`]`).test(page))
    expect(missing).toEqual([])
  })
})

test.each<[string, boolean]>([
  ['text hunter2', true],
  ['  TYPE hunter2', true],
  ['keys x', true],
  ['input 1 2 x', true],
  ['paste x', true],
  ['clipboard set x', true],
  ['members password bob', true],
  ['broadcast start rtmp://x/key', true],
  ['raw {}', true],
  ['hunter2', true],
  ['tap 1 2', false],
  ['key Ctrl+a', false],
  ['chat hello', false],
])('%p may hold a secret: %p', (line, secret) => expect(isSecret(line)).toBe(secret))
