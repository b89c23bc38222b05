import { NOTICE_ID } from '@shared/contract/notice'
import { describe, expect, test } from 'bun:test'
import type { Channel, Delivery, EventKind, EventOf, Message, Run, ServerEvent, User } from '@shared/contract'
import { apply, insertId, putDelivery } from './apply'
import { emptyState, listKey, type Pending, type State } from './state'
import { emptyLog } from './steps'

const ada: User = { id: 'user_ada', username: 'ada', displayName: 'Ada', role: 'owner', createdAt: 0, updatedAt: 0 }
const grace = { kind: 'human', id: 'user_grace', name: 'grace', displayName: 'Grace' } as const

const channel = (fields: Partial<Channel> = {}): Channel => ({
  id: 'chan_1',
  target: '#general',
  kind: 'channel',
  name: 'general',
  topic: '',
  visibility: 'public',
  language: 'en',
  joined: true,
  role: 'member',
  notify: 'mentions',
  memberCount: 2,
  peers: [],
  unreadCount: 0,
  mentionCount: 0,
  lastReadMessageId: null,
  lastMessageAt: null,
  createdAt: 0,
  updatedAt: 0,
  ...fields,
})
const message = (id: string, fields: Partial<Message> = {}): Message => ({
  id,
  target: '#general',
  threadId: null,
  kind: 'note',
  sender: grace,
  content: 'hello',
  mentions: [],
  system: null,
  runId: null,
  replyCount: 0,
  lastReplyAt: null,
  attachments: [],
  reactions: [],
  pinned: null,
  metadata: null,
  permalink: `/c/general?message=${id}`,
  editedAt: null,
  deletedAt: null,
  createdAt: 5,
  ...fields,
})

const asWritten = { kind: 'note', files: [], waiting: false, error: null } satisfies Partial<Pending>

let sequence = 0
const event = <K extends EventKind>(
  kind: K,
  payload: EventOf<K>['payload'],
  operation: ServerEvent['operation'] = 'created',
): EventOf<K> => ({
  sequence: ++sequence,
  id: `evt_${sequence}`,
  kind,
  operation,
  aggregateId: 'x',
  target: '#general',
  actor: grace,
  createdAt: 0,
  payload,
})

function world(): State {
  const state = emptyState()
  state.me = { ...ada }
  state.channels['#general'] = channel()
  state.lists['#general'] = { ids: ['msg_1'], status: 'ready', older: null, newer: false }
  return state
}

describe('a message', () => {
  test('of somebody else is in the list, unread, once', () => {
    const state = world()
    const created = event('message', message('msg_2'))
    expect(apply(state, created)).toEqual([])
    apply(state, created)
    expect(state.lists['#general']?.ids).toEqual(['msg_1', 'msg_2'])
    expect(state.channels['#general']).toMatchObject({ unreadCount: 1, mentionCount: 0, lastMessageAt: 5 })
  })

  test('that mentions the reader counts as a mention, also in a thread, where it is not counted as unread', () => {
    const state = world()
    const mentions = [{ kind: 'human', id: ada.id, name: 'ada' }] as const
    apply(state, event('message', message('msg_2', { mentions: [...mentions], threadId: 'msg_1' })))
    expect(state.channels['#general']).toMatchObject({ unreadCount: 0, mentionCount: 1 })
    expect(state.lists['#general']?.ids).toEqual(['msg_1'])
  })

  test('of the reader is not unread, and takes the place of the one that was being sent', () => {
    const state = world()
    state.outbox = [
      { requestId: 'r', target: '#general', threadId: null, content: 'hello', createdAt: 1, ...asWritten },
      { requestId: 'q', target: '#general', threadId: 'msg_1', content: 'hello', createdAt: 1, ...asWritten },
    ]
    const sender = { kind: 'human', id: ada.id, name: 'ada', displayName: 'Ada' } as const
    apply(state, event('message', message('msg_2', { sender })))
    expect(state.channels['#general']?.unreadCount).toBe(0)
    expect(state.outbox.map((item) => item.requestId)).toEqual(['q'])
  })

  test('before the mark of what was read is not unread', () => {
    const state = world()
    state.channels['#general'] = channel({ lastReadMessageId: 'msg_9' })
    apply(state, event('message', message('msg_2')))
    expect(state.channels['#general']?.unreadCount).toBe(0)
  })

  test('does not continue a list that ends in the past', () => {
    const state = world()
    state.lists['#general'] = { ids: ['msg_1'], status: 'ready', older: null, newer: true }
    apply(state, event('message', message('msg_7')))
    expect(state.lists['#general'].ids).toEqual(['msg_1'])
  })

  test('of a conversation that is not open is counted, not kept', () => {
    const state = world()
    delete state.lists['#general']
    apply(state, event('message', message('msg_2')))
    expect(state.messages).toEqual({})
    expect(state.channels['#general']?.unreadCount).toBe(1)
  })

  test('that tells who came and went is unread for nobody, and one to everybody is for the reader', () => {
    const state = world()
    const notice = { kind: 'system', id: NOTICE_ID, name: 'nekode', displayName: 'Nekode' } as const
    apply(state, event('message', message('msg_2', { sender: notice })))
    expect(state.channels['#general']).toMatchObject({ unreadCount: 0, mentionCount: 0 })
    const all = { kind: 'channel', id: 'chan_1', name: 'channel' } as const
    apply(state, event('message', message('msg_3', { mentions: [all] })))
    expect(state.channels['#general']).toMatchObject({ unreadCount: 1, mentionCount: 1 })
  })

  test('that is deleted is empty at once, and stays in its place', () => {
    const state = world()
    apply(state, event('message', message('msg_1')))
    apply(state, event('message', message('msg_1', { content: '', deletedAt: 9 }), 'deleted'))
    expect(state.messages['msg_1']).toMatchObject({ content: '', deletedAt: 9 })
    expect(state.lists['#general']?.ids).toContain('msg_1')
  })

  test('that changes before the loaded part does not come into it', () => {
    const state = world()
    state.lists['#general'] = { ids: ['msg_5'], status: 'ready', older: 'msg_5', newer: false }
    apply(state, event('message', message('msg_1', { editedAt: 9 }), 'updated'))
    expect(state.lists['#general'].ids).toEqual(['msg_5'])
  })

  test('that changes is not counted again', () => {
    const state = world()
    apply(state, event('message', message('msg_1', { replyCount: 3 }), 'updated'))
    expect(state.messages['msg_1']?.replyCount).toBe(3)
    expect(state.channels['#general']?.unreadCount).toBe(0)
  })
})

describe('a channel', () => {
  const shared = (fields: Partial<Channel> = {}): EventOf<'channel'>['payload'] => ({
    id: 'chan_1',
    target: '#general',
    kind: 'channel',
    name: 'general',
    topic: '',
    visibility: 'public',
    language: 'en',
    memberCount: 2,
    lastMessageAt: null,
    createdAt: 0,
    updatedAt: 0,
    ...fields,
  })

  test('that is known takes the change and keeps what is the reader’s own', () => {
    const state = world()
    state.channels['#general'] = channel({ unreadCount: 4 })
    expect(apply(state, event('channel', shared({ topic: 'news' }), 'updated'))).toEqual([])
    expect(state.channels['#general']).toMatchObject({ topic: 'news', unreadCount: 4, joined: true })
  })

  test('that is new is asked for, because the event does not say what the reader may do in it', () => {
    const state = world()
    expect(apply(state, event('channel', shared({ target: '#new' })))).toEqual([{ type: 'channel', target: '#new' }])
    expect(state.channels['#new']).toBeUndefined()
  })

  test('that was archived, or made private around others, is gone with what was said in it', () => {
    const state = world()
    state.messages.msg_1 = message('msg_1')
    state.messages.msg_2 = message('msg_2', { target: '#general2' })
    for (const key of ['#general', listKey('#general', 'msg_1'), '#general2'])
      state.lists[key] = { ids: [], status: 'ready', older: null, newer: false }
    apply(state, event('channel', shared(), 'deleted'))
    expect(state.channels['#general']).toBeUndefined()
    expect(Object.keys(state.messages)).toEqual(['msg_2'])
    expect(Object.keys(state.lists)).toEqual(['#general2'])
  })

  test('that took the name of the one that is gone stays', () => {
    const state = world()
    apply(state, event('channel', shared({ id: 'chan_before' }), 'deleted'))
    expect(state.channels['#general']).toBeDefined()
  })
})

describe('a member', () => {
  const member = (fields: Partial<EventOf<'member'>['payload']> = {}) => ({
    kind: 'human' as const,
    memberId: 'user_new',
    name: 'new',
    displayName: 'New',
    role: 'member' as const,
    deliveryMode: 'mentions' as const,
    digestMinutes: null,
    joinedAt: 1,
    removed: false,
    ...fields,
  })

  test('who joins is counted and listed', () => {
    const state = world()
    state.members['#general'] = []
    apply(state, event('member', member()))
    expect(state.channels['#general']?.memberCount).toBe(3)
    expect(state.members['#general'].map(({ memberId }) => memberId)).toEqual(['user_new'])
    apply(state, event('member', member({ removed: true }), 'deleted'))
    expect(state.members['#general']).toEqual([])
  })

  test('who is the reader, added to a channel, makes the page ask for it', () => {
    const state = world()
    const added = event('member', member({ memberId: ada.id }))
    expect(apply(state, { ...added, target: '#secret' })).toEqual([{ type: 'channel', target: '#secret' }])
  })

  test('who is the reader, taken out, loses a private channel and keeps a public one as not joined', () => {
    const state = world()
    apply(state, event('member', member({ memberId: ada.id, removed: true }), 'deleted'))
    expect(state.channels['#general']).toMatchObject({ joined: false, role: null })
    state.channels['#general'] = channel({ visibility: 'private' })
    apply(state, event('member', member({ memberId: ada.id, removed: true }), 'deleted'))
    expect(state.channels['#general']).toBeUndefined()
  })
})

const delivery: Delivery = {
  id: 'dlv_1',
  messageId: 'msg_1',
  agentId: 'agent_1',
  target: '#general',
  threadId: 'msg_1',
  cause: 'mention',
  state: 'pending',
  waiting: 'computer_offline',
  failure: null,
  runId: null,
  answerMessageId: null,
  createdAt: 0,
  updatedAt: 0,
}

test('a delivery is found by its message, once', () => {
  const state = world()
  apply(state, event('delivery', delivery))
  apply(state, event('delivery', { ...delivery, state: 'claimed', waiting: null }, 'state_changed'))
  expect(state.byMessage['msg_1']).toEqual(['dlv_1'])
  expect(state.deliveries['dlv_1']).toMatchObject({ state: 'claimed', waiting: null })
})

test('an answer that comes after the event of a later change does not undo it', () => {
  const state = world()
  apply(state, event('delivery', { ...delivery, state: 'failed', updatedAt: 1 }))
  const answered: Delivery = { ...delivery, updatedAt: 2 }
  apply(state, event('delivery', answered, 'state_changed'))
  apply(state, event('delivery', { ...answered, state: 'claimed', runId: 'run_2' }, 'state_changed'))
  putDelivery(state, answered)
  expect(state.deliveries['dlv_1']).toMatchObject({ state: 'claimed', runId: 'run_2' })
  putDelivery(state, { ...answered, state: 'answered', updatedAt: 3 })
  expect(state.deliveries['dlv_1']).toMatchObject({ state: 'answered' })
  expect(state.byMessage['msg_1']).toEqual(['dlv_1'])
})

test('steps are kept only for runs that are on screen', () => {
  const state = world()
  const step: EventOf<'run_step'>['payload'] = {
    id: 'step_1',
    runId: 'run_1',
    sequence: 1,
    status: 'running',
    detail: { type: 'text', offset: 0, text: 'Hi' },
    startedAt: 0,
    completedAt: null,
  }
  apply(state, event('run_step', step, 'appended'))
  expect(state.steps).toEqual({})
  state.steps['run_1'] = emptyLog()
  apply(state, event('run_step', step, 'appended'))
  expect(state.steps['run_1'].order).toEqual(['step_1'])
})

test('an agent’s status changes inside the agent, and an agent that is deleted is gone', () => {
  const state = world()
  const status = {
    presence: 'busy',
    activity: 'reading',
    health: 'ok',
    detail: '',
    runId: 'run_1',
    updatedAt: 9,
  } as const
  apply(state, event('agent_status', { agentId: 'agent_1', ...status }))
  expect(state.agents).toEqual({})
  const agent: EventOf<'agent'>['payload'] = {
    id: 'agent_1',
    name: 'scout',
    displayName: 'Scout',
    description: '',
    computerId: 'cmp_1',
    runtimeKind: 'demo',
    model: '',
    enabled: true,
    channels: [],
    status: { ...status, presence: 'sleeping', runId: null },
    createdBy: 'usr_1',
    createdAt: 0,
    updatedAt: 0,
  }
  apply(state, event('agent', agent))
  apply(state, event('agent_status', { agentId: 'agent_1', ...status }))
  expect(state.agents['agent_1']?.status).toMatchObject({ presence: 'busy', runId: 'run_1' })
  apply(state, event('agent', agent, 'deleted'))
  expect(state.agents).toEqual({})
})

test('a run and an operation are put in place, the reader’s own mark moves', () => {
  const state = world()
  state.channels['#general'] = channel({ unreadCount: 3, mentionCount: 1 })
  const run = { id: 'run_1', state: 'running' }
  apply(state, event('run', run as Run))
  expect(state.runs['run_1']?.state).toBe('running')
  apply(state, event('read', { lastReadMessageId: 'msg_3', unreadCount: 0, mentionCount: 0 }, 'updated'))
  expect(state.channels['#general']).toMatchObject({ unreadCount: 0, mentionCount: 0, lastReadMessageId: 'msg_3' })
  apply(
    state,
    event('operation', { id: 'ctl_1', computerId: 'c', action: 'install_runtime', state: 'failed', detail: 'no' }),
  )
  expect(state.operations['ctl_1']?.detail).toBe('no')
})

test('ids are kept in order and once', () => {
  const ids: string[] = []
  for (const id of ['b', 'a', 'c', 'b', 'a']) insertId(ids, id)
  expect(ids).toEqual(['a', 'b', 'c'])
})

test('a thread’s list has a key of its own', () => {
  expect([listKey('#general'), listKey('#general', 'msg_1')]).toEqual(['#general', '#general/msg_1'])
})
