import { expect, test } from 'bun:test'
import type { SearchHit } from '@shared/contract'
import { hitPath } from './hitpath'

const hit = (more: Partial<SearchHit>): SearchHit => ({
  kind: 'message',
  id: 'msg_1',
  target: '#general',
  threadId: null,
  messageId: 'msg_1',
  sender: null,
  title: '',
  snippet: '',
  highlights: [],
  createdAt: 1,
  ...more,
})

test.each<[string, Partial<SearchHit>, string]>([
  ['a message', {}, '/c/general?message=msg_1'],
  ['a reply', { threadId: 'msg_0' }, '/c/general?thread=msg_0&message=msg_1'],
  ['a task', { kind: 'task', id: 'tsk_1', messageId: null }, '/tasks/tsk_1'],
  ['a file', { kind: 'attachment', id: 'att_1', messageId: 'msg_2' }, '/c/general?message=msg_2'],
  [
    'a file in a thread',
    { kind: 'attachment', id: 'att_1', messageId: 'msg_2', threadId: 'msg_0' },
    '/c/general?thread=msg_0&message=msg_2',
  ],
])('%s is found where it stands', (_, more, path) => expect(hitPath(hit(more))).toBe(path))
