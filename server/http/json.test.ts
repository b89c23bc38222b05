import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type TestServer, startTestServer } from '../testing'
import { parseJson } from './json'

const HALF = '\\ud83d'
const PAIR = '\\ud83d\\ude00'

describe('refused is half a character', () => {
  test.each([
    ['in a text', `{"a":"x${HALF}y"}`],
    ['alone', `"${HALF}"`],
    ['its second half first', String.raw`["\ude00\ud83d"]`],
    ['written in capitals', String.raw`["\uD83D"]`],
    ['in a name', `{"a":{"${HALF}":1}}`],
    ['in a list of lists', `[1,[null,["${HALF}"]],true]`],
    ['beside a whole one', `["${PAIR}","${PAIR}${HALF}"]`],
    ['under a hundred brackets', `${'['.repeat(100)}"${HALF}"${']'.repeat(100)}`],
  ])('%s', (_, text) => {
    expect(() => parseJson(text)).toThrow(/half a character/)
  })
})

test.each([
  ['lists', `${'['.repeat(101)}${']'.repeat(101)}`],
  ['objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ['what has no end', '['.repeat(500_000)],
  ['lists behind a text of brackets', `["[[\\"]]",${'['.repeat(100)}${']'.repeat(100)}]`],
])('what nests deeper than anybody could want is refused before it is looked at: %s', (_, text) => {
  expect(() => parseJson(text)).toThrow(/nests deeper/)
})

test('what is written in texts does not nest', () => {
  const text = `["${'[{'.repeat(500)}","\\\\","${'[{'.repeat(500)}"]`
  expect(parseJson(text)).toEqual(JSON.parse(text))
})

describe('taken as it is', () => {
  test.each([
    ['a whole character', `{"a":"${PAIR}"}`, { a: '😀' }],
    ['a backslash before the same letters', String.raw`["\\ud83d"]`, [String.raw`\ud83d`]],
    ['nothing', 'null', null],
    ['an empty list', '[]', []],
    ['an escape of another kind', String.raw`["\ud7ff"]`, ['\ud7ff']],
  ])('%s', (_, text, value) => {
    expect(parseJson(text)).toEqual(value)
  })
})

describe('a server', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server.stop())

  const paths = [
    ['over HTTP', '/api/messages', 400],
    ['over the daemon protocol', '/nekode.daemon.v1.DaemonControlService/SendMessage', 400],
  ] as const
  test.each(paths)('%s takes no half character, and a whole one', async (_, path, refused) => {
    const owner = await server.as('owner')
    const post = (content: string) =>
      owner.fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"target":"#general","content":"${content}"}`,
      })
    const before = await server.events()
    expect((await post(`a${HALF}b`)).status).toBe(refused)
    expect(await server.events()).toBe(before)
    expect((await post(`a${PAIR}b`)).ok).toBe(true)
    const { items } = await owner.call('GET /api/messages', { query: { target: '#general', limit: 1 } })
    expect(items[0]?.content).toBe('a😀b')
  })
})
