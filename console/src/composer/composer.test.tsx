import { afterEach, beforeEach, expect, mock, test } from 'bun:test'
import { unwrap } from 'solid-js/store'
import { MemoryRouter, Route } from '@solidjs/router'
import { render } from 'solid-js/web'
import type { Agent, Channel } from '@shared/contract'
import { addFiles, trayOf } from '../attachments/tray'
import { uploads, useSender } from '../attachments/uploads'
import { tellRestart } from '../store/feed'
import { change, emptyState, state } from '../store/state'
import { Composer } from './composer'
import { clearDrafts, draftOf, keepNow } from './drafts'

const realFetch = globalThis.fetch
let dispose: (() => void) | undefined
let host: HTMLElement

beforeEach(() => {
  const nobody = () => Promise.reject(new TypeError('no server'))
  globalThis.fetch = Object.assign(mock(nobody), { preconnect: realFetch.preconnect })
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
  dispose = show()
})
afterEach(() => {
  dispose?.()
  host.remove()
  clearDrafts()
  globalThis.fetch = realFetch
})

const show = () =>
  render(
    () => (
      <MemoryRouter>
        <Route path="*" component={() => <Composer target="#general" threadId={null} />} />
      </MemoryRouter>
    ),
    host,
  )
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
    sent.push({
      url: String(url),
      body: init?.body ? JSON.parse(String(init.body)) : null,
      headers: new Headers(init?.headers),
    })
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
  dispose = show()
  expect(area().value).toBe('half a thought')
})

test('a text that is longer than the server takes is not sent', () => {
  type('x'.repeat(40_001))
  press('Enter')
  expect(state.outbox).toEqual([])
  expect(host.querySelector('[role=alert]')?.textContent).toContain('1 character too long')
})

test('drafts are kept on this browser until somebody logs out', () => {
  const kept = 'nekode.of.user_ada.draft.#general'
  type('half a thought')
  keepNow()
  expect(localStorage.getItem(kept)).toContain('half a thought')
  localStorage.setItem('nekode.theme', 'dark')
  clearDrafts()
  expect(draftOf('#general')).toBe('')
  expect(localStorage.getItem(kept)).toBeNull()
  expect(localStorage.getItem('nekode.theme')).toBe('dark')
})

test('a command is carried out and not sent', async () => {
  const sent = answering(201, { id: 'task_1', summary: 'fix it' })
  type('/task fix it !high')
  press('Enter')
  await until(() => area().value === '')
  expect(sent.map(({ url, body }) => ({ url, body }))).toEqual([
    { url: '/api/tasks', body: { target: '#general', summary: 'fix it', priority: 'high' } },
  ])
  expect(state.outbox).toEqual([])
})

test('a command that nobody knows is sent only when the writer says so', async () => {
  answering(409, { error: 'This channel is archived.', code: 'channel_archived' })
  type('/frobnicate the thing')
  press('Enter')
  await until(() => host.querySelector('[role=alert]') !== null)
  expect(host.querySelector('[role=alert]')?.textContent).toContain('There is no command /frobnicate here.')
  expect(state.outbox).toEqual([])
  const anyway = [...host.querySelectorAll('button')].find((button) => button.textContent === 'Send as a message')
  anyway?.click()
  expect(unwrap(state.outbox)).toMatchObject([{ content: '/frobnicate the thing' }])
})

test('a command that was written wrong stays, with how it is written', async () => {
  type('/remind tomorrow')
  press('Enter')
  await until(() => host.querySelector('[role=alert]') !== null)
  expect(host.querySelector('[role=alert]')?.textContent).toContain('/remind [me or @name] when: what')
  expect(area().value).toBe('/remind tomorrow')
})

test('keys put Markdown around what is selected', () => {
  type('very important')
  area().setSelectionRange(5, 14)
  press('b', { ctrlKey: true })
  expect(area().value).toBe('very **important**')
  expect(draftOf('#general')).toBe('very **important**')
})

test('a message carries its files once they have arrived, and waits for them until then', async () => {
  const attachment = {
    id: 'att_1',
    filename: 'a.txt',
    mimeType: 'text/plain',
    media: 'text',
    sizeBytes: 3,
    width: null,
    height: null,
  } as const
  let arrive = () => {}
  useSender((_file, _about, hooks) => ({
    start: () => void (arrive = () => hooks.arrived(attachment)),
    stop: () => Promise.resolve(),
  }))
  const message = {
    id: 'msg_2',
    target: '#general',
    threadId: null,
    content: '',
    mentions: [],
    attachments: [],
    sender: {},
  }
  const sent = answering(201, { message, deliveries: [], fileBytes: null, quotaBytes: null, bytes: 0 })
  addFiles('#general', '#general', [new File(['abc'], 'a.txt')])
  await until(() => Object.values(uploads).some(({ state }) => state === 'sending'))
  press('Enter')
  expect(unwrap(state.outbox)).toMatchObject([{ waiting: true, files: [{ name: 'a.txt', attachment: null }] }])
  expect(trayOf('#general')).toEqual([])
  expect(sent.filter(({ url }) => url === '/api/messages')).toEqual([])
  arrive()
  await until(() => state.outbox.length === 0)
  expect(sent.find(({ url }) => url === '/api/messages')?.body).toMatchObject({ attachmentIds: ['att_1'], content: '' })
})

test('what could not be sent is still there after a reload', async () => {
  type('survivor')
  press('Enter')
  await until(() => state.outbox[0]?.error?.offline === true)
  change((draft) => void (draft.outbox = []))
  const message = { id: 'msg_3', target: '#general', threadId: null, content: 'survivor', mentions: [], sender: {} }
  const sent = answering(201, { message, deliveries: [] })
  tellRestart()
  await until(() => sent.length > 0 && state.outbox.length === 0)
  expect(sent.find(({ url }) => url === '/api/messages')?.body).toMatchObject({ content: 'survivor' })
  expect(Object.keys(localStorage).filter((key) => key.includes('.outbox.'))).toEqual([])
})
