import { afterEach, beforeEach, expect, mock, test } from 'bun:test'
import { askEarly, forgetEarly, takeEarly } from './early'

const real = globalThis.fetch
const asked: string[] = []
beforeEach(() => {
  asked.length = 0
  globalThis.fetch = Object.assign(
    mock((url: string) => {
      asked.push(url)
      return Promise.resolve(new Response(url))
    }),
    { preconnect: () => undefined },
  ) as unknown as typeof fetch
})
afterEach(() => {
  globalThis.fetch = real
  history.replaceState(null, '', '/')
})

test('the page of a conversation asks for its messages with the rest, each answer is given out once', async () => {
  history.replaceState(null, '', '/d/ann%2Bbob')
  askEarly()
  const messages = '/api/messages?target=dm%3Aann%2Bbob&limit=50'
  expect(asked).toEqual(['/api/auth/me', '/api/snapshot', messages])
  expect(takeEarly(messages, { method: 'POST' })).toBeUndefined()
  expect(await (await takeEarly(messages, {}))?.text()).toBe(messages)
  expect(takeEarly(messages, {})).toBeUndefined()
})

test.each(['/', '/tasks', '/c/general?message=msg_1', '/c/a/b'])(
  'the page %s asks only for what every page needs',
  (path) => {
    history.replaceState(null, '', path)
    askEarly()
    expect(asked).toEqual(['/api/auth/me', '/api/snapshot'])
  },
)

test('nobody gets the answers to whoever was not logged in', () => {
  askEarly()
  forgetEarly()
  expect(takeEarly('/api/snapshot', {})).toBeUndefined()
})
