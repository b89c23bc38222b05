import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createWorld, type World } from '../../test/fixtures/world'
import type { UserPrincipal } from '../access/principal'

let world: World
let ada: UserPrincipal
let bob: UserPrincipal

beforeAll(async () => {
  world = await createWorld()
  ada = await world.user('ada', 'owner')
  bob = await world.user('bob')
})
afterAll(() => world.close())

const channels = () => world.talk.channels

test('everybody is in #general, which cannot be made private or archived', async () => {
  expect(
    channels()
      .members(bob, 'general')
      .map((m) => m.name),
  ).toEqual(['ada', 'bob'])
  expect(channels().update(ada, '#general', { visibility: 'private' })).rejects.toMatchObject({
    code: 'general_public',
  })
  expect(channels().archive(ada, '#general')).rejects.toMatchObject({ code: 'general_public' })
})

test('a name is taken once, also when two ask at the same moment', async () => {
  const both = await Promise.allSettled([ada, bob].map((p) => channels().create(p, { name: 'dev' })))
  expect(both.map((r) => r.status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(both.find((r) => r.status === 'rejected')).toMatchObject({ reason: { code: 'name_taken' } })
})

test('a private channel does not exist for those outside, and does once they are added', async () => {
  await channels().create(ada, { name: 'secret', visibility: 'private' })
  expect(channels().get(bob, '#secret')).rejects.toMatchObject({ kind: 'not_found' })
  expect((await channels().list(bob)).some((c) => c.target === '#secret')).toBe(false)
  expect(channels().join(bob, '#secret')).rejects.toMatchObject({ kind: 'not_found' })
  await channels().addMember(ada, '#secret', { kind: 'human', memberId: bob.id })
  expect(await channels().get(bob, '#secret')).toMatchObject({ joined: true, role: 'member', memberCount: 2 })
  expect(channels().update(bob, '#secret', { topic: 'x' })).rejects.toMatchObject({ kind: 'forbidden' })
})

test('somebody who is removed is told, and sees nothing any more', async () => {
  const secret = world.core.directory.channelAt('#secret')!
  world.events()
  await channels().removeMember(ada, '#secret', 'human', bob.id)
  expect(world.events().map((e) => `${e.audience} ${e.kind} ${e.operation}`)).toEqual([
    `channel:${secret.id} member deleted`,
    `user:${bob.id} member deleted`,
    `channel:${secret.id} message created`,
  ])
  expect(channels().get(bob, '#secret')).rejects.toMatchObject({ kind: 'not_found' })
})

test('a channel that becomes private is gone for everybody outside, and says so to each of them', async () => {
  const out = await world.user('outside')
  const { id, target } = await channels().create(ada, { name: 'turning' })
  await channels().addMember(ada, target, { kind: 'human', memberId: bob.id })
  world.events()
  await channels().update(ada, target, { visibility: 'private' })
  const told = world.events()
  const sees = (p: UserPrincipal) =>
    told.filter((e) => world.core.access.sees(p, e.audience)).map((e) => `${e.kind} ${e.operation} ${e.target}`)
  for (const p of [ada, bob]) expect(sees(p)).toEqual([`channel updated ${target}`, `message created ${target}`])
  expect(sees(out)).toEqual([`channel deleted ${target}`])
  expect(told.filter((e) => e.kind === 'channel').every((e) => e.aggregateId === id)).toBe(true)
  await channels().update(ada, target, { visibility: 'public' })
  expect(world.events().filter((e) => world.core.access.sees(out, e.audience))).toMatchObject([
    { kind: 'channel', operation: 'updated', target },
    { kind: 'message', operation: 'created', target },
  ])
})

test('whoever leaves a public channel hears of it once', async () => {
  const { target } = await channels().create(ada, { name: 'open' })
  await channels().join(bob, target)
  world.events()
  await channels().removeMember(bob, target, 'human', bob.id)
  expect(world.events().filter((e) => world.core.access.sees(bob, e.audience))).toMatchObject([
    { kind: 'member', operation: 'deleted' },
    { kind: 'message', operation: 'created' },
  ])
})

test('a channel that is archived goes under the name that everybody knew', async () => {
  const { id, target } = await channels().create(ada, { name: 'bygone' })
  world.events()
  await channels().archive(ada, target)
  const [note, gone] = world.events()
  expect(note).toMatchObject({ kind: 'message', target })
  expect(gone).toMatchObject({ kind: 'channel', operation: 'deleted', aggregateId: id, target })
  expect(JSON.parse(gone!.payload)).toMatchObject({ id, target })
})

test('the last admin stays', async () => {
  expect(channels().removeMember(ada, '#secret', 'human', ada.id)).rejects.toMatchObject({ code: 'last_admin' })
  expect(channels().updateMember(ada, '#secret', 'human', ada.id, { role: 'member' })).rejects.toMatchObject({
    code: 'last_admin',
  })
})

test('an archived channel gives its name back and takes nothing more', async () => {
  await channels().create(bob, { name: 'old' })
  await channels().archive(bob, '#old')
  expect(channels().get(bob, '#old')).rejects.toMatchObject({ kind: 'not_found' })
  const again = await channels().create(bob, { name: 'old' })
  expect(again.memberCount).toBe(1)
})

test('two people share one direct conversation, whoever opens it', async () => {
  const [a, b] = await Promise.all([channels().openDm(ada, 'human', bob.id), channels().openDm(bob, 'human', ada.id)])
  expect(a!.target).toBe(b!.target)
  expect([a!.peers[0]!.name, b!.peers[0]!.name]).toEqual(['bob', 'ada'])
  const eve = await world.user('eve')
  expect(channels().get(eve, a!.target)).rejects.toMatchObject({ kind: 'not_found' })
})

test('unread and mentions count what others wrote after the mark, which only moves forward', async () => {
  await channels().create(ada, { name: 'news' })
  await channels().join(bob, '#news')
  const ids: string[] = []
  for (const content of ['one', '@bob two', 'three'])
    ids.push((await world.talk.messages.post(ada, { target: '#news', content })).message.id)
  expect(await channels().get(bob, '#news')).toMatchObject({ unreadCount: 3, mentionCount: 1, lastReadMessageId: null })
  expect(await channels().get(ada, '#news')).toMatchObject({ unreadCount: 0 })
  world.events()
  expect(await channels().markRead(bob, '#news', ids[1]!)).toMatchObject({
    unreadCount: 1,
    mentionCount: 0,
    lastReadMessageId: ids[1]!,
  })
  const told = world.events().filter((e) => e.kind === 'read')
  expect(told).toMatchObject([{ audience: `user:${bob.id}` }])
  expect(await channels().markRead(bob, '#news', ids[0]!)).toMatchObject({ lastReadMessageId: ids[1]! })
  expect(world.events()).toEqual([])
})

test('from a message on everything is unread again, for whoever says so', async () => {
  await channels().create(ada, { name: 'again' })
  await channels().join(bob, '#again')
  const ids: string[] = []
  for (const content of ['one', '@bob two', 'three'])
    ids.push((await world.talk.messages.post(ada, { target: '#again', content })).message.id)
  await channels().markRead(bob, '#again', ids[2]!)
  const reply = await world.talk.messages.post(ada, { target: '#again', content: 'aside', threadId: ids[0]! })
  world.events()
  expect(await channels().markUnread(bob, '#again', ids[1]!)).toMatchObject({
    unreadCount: 2,
    mentionCount: 1,
    lastReadMessageId: ids[0]!,
  })
  const told = world.events()
  expect(told).toMatchObject([{ kind: 'read', audience: `user:${bob.id}` }])
  expect(JSON.parse(told[0]!.payload)).toMatchObject({ lastReadMessageId: ids[0]!, unreadCount: 2 })
  expect(await channels().get(ada, '#again')).toMatchObject({ unreadCount: 0 })
  expect(await channels().markUnread(bob, '#again', ids[0]!)).toMatchObject({ unreadCount: 3 })
  // A reply is part of its thread, and a message of elsewhere of no channel that was named.
  for (const id of [reply.message.id, 'msg_0'])
    expect(channels().markUnread(bob, '#again', id)).rejects.toMatchObject({ kind: 'not_found' })
  expect(await channels().markRead(bob, '#again', ids[2]!)).toMatchObject({ unreadCount: 0 })
})

test('many who bring the same person in at the same moment make one member', async () => {
  const { target } = await channels().create(ada, { name: 'crowd' })
  const eve = await world.user('eva')
  world.events()
  const added = await Promise.all([
    channels().join(eve, target),
    channels().join(eve, target),
    channels().addMember(ada, target, { kind: 'human', memberId: eve.id }),
    channels().addMember(bob, target, { kind: 'human', memberId: eve.id }),
  ])
  expect(added).toHaveLength(4)
  expect(world.events().map((e) => `${e.kind} ${e.operation}`)).toEqual(['member created', 'message created'])
})

test('of two admins who leave at the same moment one has to stay', async () => {
  const { target } = await channels().create(ada, { name: 'shared' })
  await channels().addMember(ada, target, { kind: 'human', memberId: bob.id, role: 'admin' })
  const left = await Promise.allSettled([ada, bob].map((p) => channels().removeMember(p, target, 'human', p.id)))
  expect(left.map((r) => r.status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(channels().members(ada, target)).toMatchObject([{ role: 'admin' }])
})

test('a channel that is archived while somebody changes it is not told of as open again', async () => {
  const { id, target } = await channels().create(ada, { name: 'fading' })
  world.events()
  await Promise.allSettled([channels().archive(ada, target), channels().update(ada, target, { topic: 'late' })])
  const about = world.events().filter((e) => e.aggregateId === id)
  expect(about.map((e) => e.operation)).toEqual(['deleted'])
  expect(world.core.directory.channelAt(target)).toBeUndefined()
})

test('whoever may only read on the server changes no channel, whatever they are in it', async () => {
  const eve = await world.user('eyes', 'viewer')
  const { target } = await channels().create(ada, { name: 'watched' })
  await channels().addMember(ada, target, { kind: 'human', memberId: eve.id, role: 'admin' })
  expect(channels().update(eve, target, { topic: 'mine' })).rejects.toMatchObject({ kind: 'forbidden' })
  expect(channels().removeMember(eve, target, 'human', ada.id)).rejects.toMatchObject({ kind: 'forbidden' })
  expect(channels().archive(eve, target)).rejects.toMatchObject({ kind: 'forbidden' })
})
