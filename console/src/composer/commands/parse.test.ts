import { describe, expect, test } from 'bun:test'
import { leadingName, parseCommand, parseDebate, parseDecision, parseReminder, parseTask } from './parse'

describe('parseCommand', () => {
  test.each([
    ['/help', { name: 'help', rest: '' }],
    ['  /Task  fix it ', { name: 'task', rest: 'fix it' }],
    ['/decide Use Bun\nbecause it is quick', { name: 'decide', rest: 'Use Bun\nbecause it is quick' }],
  ])('%p is one', (text, command) => {
    expect(parseCommand(text)).toEqual(command)
  })

  test.each(['/usr/bin is full', 'and /help', '// a comment', '/', '/9lives', ''])('%p is none', (text) => {
    expect(parseCommand(text)).toBeUndefined()
  })
})

describe('parseReminder', () => {
  test.each([
    ['tomorrow 9:00: stand-up', { who: undefined, when: 'tomorrow 9:00', what: 'stand-up' }],
    ['me in 20 minutes to check the build', { who: 'me', when: 'in 20 minutes', what: 'check the build' }],
    ['@scout every weekday at 9 - read the log', { who: 'scout', when: 'every weekday at 9', what: 'read the log' }],
    ['明天9点：提交报告', { who: undefined, when: '明天9点', what: '提交报告' }],
    ['friday\nship it', { who: undefined, when: 'friday', what: 'ship it' }],
  ])('%p says when and what', (rest, order) => {
    expect(parseReminder(rest)).toEqual(order)
  })

  test.each(['', 'tomorrow', 'me', '@scout tomorrow', '9:00'])('%p lacks one of them', (rest) => {
    expect(parseReminder(rest)).toBeUndefined()
  })
})

describe('parseTask', () => {
  test.each([
    ['fix the login', { summary: 'fix the login', description: '', assignee: undefined, priority: undefined }],
    ['fix it @scout !high', { summary: 'fix it', description: '', assignee: 'scout', priority: 'high' }],
    [
      'mail x@y.z\nfirst\nsecond',
      { summary: 'mail x@y.z', description: 'first\nsecond', assignee: undefined, priority: undefined },
    ],
    ['ask @ada about @ben', { summary: 'ask about @ben', description: '', assignee: 'ada', priority: undefined }],
    ['do it !now', { summary: 'do it !now', description: '', assignee: undefined, priority: undefined }],
  ] as const)('%p', (rest, order) => {
    expect(parseTask(rest)).toEqual(order)
  })

  test('nothing is to be done without words', () => {
    expect(parseTask('@scout !low')).toBeUndefined()
  })
})

test('a decision is a title, and what follows it on the next lines', () => {
  expect(parseDecision('Use Bun')).toEqual({ title: 'Use Bun', body: 'Use Bun' })
  expect(parseDecision('Use Bun\n\nIt is quick.')).toEqual({ title: 'Use Bun', body: 'It is quick.' })
  expect(parseDecision('')).toBeUndefined()
})

test('a debate has two agents and a topic', () => {
  expect(parseDebate('@pro @con tabs or spaces')).toEqual({
    names: ['pro', 'con'],
    topic: 'tabs or spaces',
    turns: undefined,
  })
  expect(parseDebate('@pro @con x8 tabs')).toMatchObject({ turns: 8, topic: 'tabs' })
  expect(parseDebate('@pro tabs')).toBeUndefined()
})

test('a name may stand without its sign where only a name can stand', () => {
  expect(leadingName('@Ada hello there')).toEqual({ name: 'ada', rest: 'hello there' })
  expect(leadingName('ada')).toEqual({ name: 'ada', rest: '' })
  expect(leadingName('')).toBeUndefined()
})
