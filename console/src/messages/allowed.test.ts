import { describe, expect, test } from 'bun:test'
import type { Channel, Message, User } from '@shared/contract'
import { allowedOn, mayManage, mayWrite } from './allowed'

const user = (role: User['role'], id = 'me') => ({ id, role }) as User
const channel = (fields: Partial<Channel>) =>
  ({ kind: 'channel', visibility: 'public', joined: true, role: 'member', ...fields }) as Channel
const message = (fields: Partial<Message>) =>
  ({
    sender: { kind: 'human', id: 'me' },
    kind: 'note',
    content: 'hello',
    system: null,
    deletedAt: null,
    ...fields,
  }) as Message
const others = { sender: { kind: 'human', id: 'grace', name: 'grace', displayName: 'Grace' } } as const

describe('writing', () => {
  test.each([
    ['a member of the channel', user('member'), channel({}), true],
    ['a viewer of the channel', user('member'), channel({ role: 'viewer' }), false],
    ['a viewer of the server', user('viewer'), channel({}), false],
    ['somebody outside a public channel', user('member'), channel({ joined: false, role: null }), true],
    [
      'somebody outside a private channel',
      user('owner'),
      channel({ joined: false, role: null, visibility: 'private' }),
      false,
    ],
    ['nobody', null, channel({}), false],
  ])('is for %s: %#', (_, who, where, may) => {
    expect(mayWrite(who, where)).toBe(may)
  })
})

describe('managing', () => {
  test.each([
    ['an admin of the channel', user('member'), channel({ role: 'admin' }), true],
    ['an admin of the server where it is public', user('admin'), channel({ joined: false, role: null }), true],
    [
      'an admin of the server outside a private one',
      user('admin'),
      channel({ joined: false, role: null, visibility: 'private' }),
      false,
    ],
    ['a member', user('member'), channel({}), false],
    ['nobody in a direct conversation', user('owner'), channel({ kind: 'dm' }), false],
  ])('is for %s: %#', (_, who, where, may) => {
    expect(mayManage(who, where)).toBe(may)
  })
})

describe('on a message', () => {
  const me = user('member')
  test('of one’s own everything is allowed', () => {
    expect(allowedOn(message({}), me, channel({}))).toEqual({ join: true, edit: true, delete: true, promote: true })
  })

  test('of somebody else all but to change it, which an admin of the channel deletes', () => {
    const theirs = message({ ...others })
    expect(allowedOn(theirs, me, channel({}))).toEqual({ join: true, edit: false, delete: false, promote: true })
    expect(allowedOn(theirs, me, channel({ role: 'admin' })).delete).toBe(true)
  })

  test('that is gone, or to those who only read, nothing is', () => {
    const nothing = { join: false, edit: false, delete: false, promote: false }
    expect(allowedOn(message({ deletedAt: 1 }), me, channel({}))).toEqual(nothing)
    expect(allowedOn(message({}), user('viewer'), channel({}))).toEqual(nothing)
    expect(allowedOn(message({}), me, undefined)).toEqual(nothing)
  })

  test('a decision stays as it was voted on', () => {
    expect(allowedOn(message({ kind: 'decision' }), me, channel({}))).toMatchObject({ edit: false, promote: false })
  })
})
