import { expect, test } from 'bun:test'
import type { Channel } from '@shared/contract'
import { badgeOf, isNews } from './unread'

const channel = (more: Partial<Channel>): Channel => ({
  id: 'chn_1',
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
  unreadCount: 3,
  mentionCount: 0,
  lastReadMessageId: null,
  lastMessageAt: null,
  createdAt: 0,
  updatedAt: 0,
  ...more,
})

test.each<[string, Partial<Channel>, number, boolean, boolean]>([
  ['a channel', {}, 3, false, true],
  ['a channel that calls', { mentionCount: 1 }, 1, true, true],
  ['a direct conversation', { kind: 'dm', notify: 'all' }, 3, true, true],
  ['a channel of which everything is wanted', { notify: 'all' }, 3, true, true],
  ['a muted channel', { notify: 'nothing', mentionCount: 2 }, 0, false, false],
  ['a muted direct conversation', { kind: 'dm', notify: 'nothing' }, 0, false, false],
  ['a channel without anything new', { unreadCount: 0 }, 0, false, false],
])('%s has the badge that its reader asked for', (_, more, value, strong, news) => {
  expect(badgeOf(channel(more))).toMatchObject({ value, strong })
  expect(isNews(channel(more))).toBe(news)
})
