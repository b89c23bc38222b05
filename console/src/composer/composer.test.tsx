import { afterEach, beforeEach, expect, mock, test } from 'bun:test'
import { unwrap } from 'solid-js/store'
import { render } from 'solid-js/web'
import type { Agent, Channel } from '@shared/contract'
import { change, emptyState, state } from '../store/state'
import { Composer } from './composer'
import { clearDrafts, draftOf, setDraft } from './drafts'

const realFetch = globalThis.fetch
let dispose: (() => void) | undefined
let host: HTMLElement

beforeEach(() => {
  change((draft) => {
    Object.assign(draft, emptyState(), { phase: 'ready' })
    draft.me = { id: 'user_ada', username: 'ada', displayName: 'Ada', role: 'owner', createdAt: 0, updatedAt: 0 }
    const agent = { id: 'agent_1', name: 'scout', displayName: 'Scout', channels: [{ target: '#general' }] }
    draft.agents['agent_1'] = agent as Agent
    const channel = {
      target: '#general',
      name: 'general',
      kind: 'channel',
      visibility: 'public',
      joined: true,
      peers: [],
    }
    draft.channels['#general'] = channel as unknown as Channel
  })
  host = document.createElement('div')
  document.body.append(host)
  dispose = render(() => <Composer target="#general" threadId={null} />, host)
})
afterEach(() => {
  dispose?.()
  host.remove()
  setDraft('#general', '')
  globalThis.fetch = realFetch
})

const until = async (done: () => boolean) => {
  for (let tries = 0; tries < 200 && !done(); tries++) await Bun.sleep(2)
}
const area = () => host.querySelector('textarea')!
const type = (text: string) => {
  area().value = text
  area().setSelectionRange(text.length, text.length)
  area().dispatchEvent(new InputEvent('input', { bubbles: true }))
}
const press = (key: string, init: KeyboardEventInit = {}) =>
  area().dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init }))

function answering(status: number, body: unknown) {
  const sent: { url: string; body: unknown; headers: Headers }[] = []
  const fetch = (url: string | URL | Request, init?: RequestInit) => {
    sent.push({ url: String(url), body: JSON.parse(String(init?.body)), headers: new Headers(init?.headers) })
    return Promise.resolve(Response.json(body, { status }))
  }
  globalThis.fetch = Object.assign(mock(fetch), { preconnect: realFetch.preconnect })
  return sent
}

test('a name is completed with the keyboard alone', () => {
  type('ask @sc')
  expect(area().getAttribute('aria-expanded')).toBe('true')
  expect(host.querySelector('[role=option]')?.textContent).toContain('Scout')
  press('Enter')
  expect(area().value).toBe('ask @scout ')
  expect(area().getAttribute('aria-expanded')).toBe('false')
  expect(state.outbox).toEqual([])
})

test('Escape closes the list of names and keeps the text', () => {
  type('ask @sc')
  press('Escape')
  expect(host.querySelector('[role=listbox]')).toBeNull()
  expect(area().value).toBe('ask @sc')
})

test('Enter sends at once, with a key that makes a repetition safe; Shift-Enter does not', async () => {
  const message = { id: 'msg_1', target: '#general', threadId: null, content: 'hello', mentions: [], sender: {} }
  const sent = answering(201, { message, deliveries: [] })
  type('hello')
  press('Enter', { shiftKey: true })
  expect(sent).toHaveLength(0)
  press('Enter')
  expect(unwrap(state.outbox)).toMatchObject([{ content: 'hello', error: null }])
  expect(area().value).toBe('')
  await until(() => state.outbox.length === 0)
  expect(state.messages['msg_1']?.content).toBe('hello')
  const [request] = sent
  expect(request?.body).toMatchObject({ requestId: request?.headers.get('idempotency-key'), content: 'hello' })
})

test('a message that the server refuses stays, with the reason', async () => {
  answering(409, { error: 'This channel is archived.', code: 'channel_archived' })
  type('hello')
  press('Enter')
  await until(() => state.outbox[0]?.error !== null)
  expect(unwrap(state.outbox)).toMatchObject([
    { content: 'hello', error: { message: 'This channel is archived.', offline: false } },
  ])
})

test('Enter while an input method composes does not send', () => {
  type('你好')
  press('Enter', { isComposing: true })
  expect(state.outbox).toEqual([])
})

test('what is being written is still there when the field comes back', () => {
  type('half a thought')
  dispose?.()
  dispose = render(() => <Composer target="#general" threadId={null} />, host)
  expect(area().value).toBe('half a thought')
})

test('a text that is longer than the server takes is not sent', () => {
  type('x'.repeat(40_001))
  press('Enter')
  expect(state.outbox).toEqual([])
  expect(host.querySelector('[role=alert]')?.textContent).toContain('1 character too long')
})

test('drafts are kept on this browser until somebody logs out', () => {
  type('half a thought')
  expect(localStorage.getItem('nekode.draft.#general')).toBe('half a thought')
  localStorage.setItem('nekode.theme', 'dark')
  clearDrafts()
  expect(draftOf('#general')).toBe('')
  expect(localStorage.getItem('nekode.draft.#general')).toBeNull()
  expect(localStorage.getItem('nekode.theme')).toBe('dark')
})
