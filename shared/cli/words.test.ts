import { describe, expect, test } from 'bun:test'
import type { ArgsDef } from 'citty'
import { afterDashes, beforeDashes, checkArguments, everyValue, longFlags, placeWords } from './words'

const args: ArgsDef = {
  target: { type: 'positional', required: true },
  first: { type: 'positional', required: true },
  text: { type: 'positional', required: false },
  wait: { type: 'boolean', alias: 'w' },
  file: { type: 'string', alias: ['f', 'path'] },
  mention: { type: 'string' },
  room: { type: 'string' },
  a: { type: 'string' },
}

describe('options that stand for a word', () => {
  const instead = { room: 'target', a: 'first' }
  test.each([
    ['nothing is moved without one', 'general coder --wait hello', 'general coder --wait hello'],
    ['the first word', '--room general coder hello', '-- general coder hello'],
    ['all that have one, in any order', 'hello --a coder --room general', '-- general coder hello'],
    ['between other options', '--wait --room=general -f x coder', '--wait -f x -- general coder'],
    ['by another name of an option', '--path=x --room general coder', '--path=x -- general coder'],
    ['before words that look like options', '--room general coder -- --wait', '-- general coder --wait'],
    ['one word in the middle', '--a coder general hello', '-- general coder hello'],
    ['an option without its value is left to be told', '--room', '--room'],
  ])('%s', (_, given, placed) => {
    expect(placeWords(given.split(' '), args, instead).join(' ')).toBe(placed)
  })

  test('given twice, as a word and as an option, it is one word too many', () => {
    const words = placeWords(['general', 'coder', 'hello', '--room', 'general'], args, instead)
    expect(() => checkArguments(args, words, false)).toThrow('“hello” is one word too many.')
  })
})

test('what is before and after “--”', () => {
  expect([beforeDashes(['a', '--', 'b', '--']), afterDashes(['a', '--', 'b', '--'])]).toEqual([['a'], ['b', '--']])
  expect([beforeDashes(['a']), afterDashes(['a'])]).toEqual([['a'], []])
})

test('an option that may be given several times has all its values, in their order', () => {
  expect(everyValue('mention', ['--mention', 'a', 'x', '--mention=b', '--room', 'c'])).toEqual(['a', 'b'])
  expect(everyValue('mention', ['x'])).toEqual([])
})

describe('checkArguments', () => {
  test.each([
    [['general', 'coder', '--path', 'x'], undefined],
    [['general', 'coder', '-f', 'x', '-w'], undefined],
    [['general', 'coder', '--', '--text'], undefined],
    [['general'], 'FIRST is missing.'],
    [['a', 'b', 'c', 'd'], '“d” is one word too many.'],
    [['a', 'b', '--fil', 'x'], "Unknown option '--fil'."],
    [['a', 'b', '--path'], 'The value of --path is missing.'],
  ])('%j: %p', (words, message) => {
    const check = () => checkArguments(args, words, false)
    if (message === undefined) expect(check).not.toThrow()
    else expect(check).toThrow(message)
  })
})

test.each([
  ['-wait general', '--wait general'],
  ['-path x -- -path y', '--path=x -- -path y'],
  ['--path -x', '--path=-x'],
  ['--path --wait', '--path --wait'],
  ['--mention --wait', '--mention=--wait'],
  ['-w -f x -unknown y', '-w -f x -unknown y'],
])('one dash as two: %s is %s', (given, long) => {
  expect(longFlags(given.split(' '), args, ['mention']).join(' ')).toBe(long)
})
