import { afterAll, beforeAll, expect, test } from 'bun:test'
import { ChannelMemberRole, ChannelVisibility } from '@shared/gen/nekode/daemon/v1/channels_pb'
import { type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let bot: Caller
let people: Rpc
let agent: Rpc
let computer: Rpc

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  const box = await server.computer()
  bot = await server.agent({ computerId: box.id, name: 'bot' })
  for (const name of ['open', 'team'])
    await owner.call('POST /api/channels', { body: { name, visibility: name === 'team' ? 'private' : 'public' } })
  await owner.call('POST /api/channels/{target}/members', {
    params: { target: '#team' },
    body: { kind: 'agent', memberId: bot.id },
  })
  await owner.call('POST /api/channels', { body: { name: 'secret', visibility: 'private' } })
  people = rpcClient(server.url, owner.token)
  agent = rpcClient(server.url, bot.token)
  computer = rpcClient(server.url, box.token)
})
afterAll(() => server.stop())

const listed = async (rpc: Rpc, request: Parameters<Rpc['listChannels']>[0]) =>
  (await rpc.listChannels(request)).channels.map((c) => c.target).toSorted()

const table: [who: string, rpc: () => Rpc, request: object, targets: string[]][] = [
  ['a person sees public channels', () => people, {}, ['#general', '#open']],
  [
    '… and private ones when asked for',
    () => people,
    { includePrivate: true },
    ['#general', '#open', '#secret', '#team'],
  ],
  ['an agent sees the channels that it is in', () => agent, { includePrivate: true }, ['#general', '#team']],
  ['… and no private ones unless asked for', () => agent, {}, ['#general']],
  ['a computer sees the channels of its agents', () => computer, { includePrivate: true }, ['#general', '#team']],
]
for (const [who, rpc, request, targets] of table)
  test(`ListChannels: ${who}`, async () => {
    expect(await listed(rpc(), request)).toEqual(targets)
  })

test('ListChannels leaves out what was not joined, and pages', async () => {
  const member = rpcClient(server.url, (await server.as('member')).token)
  expect(await listed(member, {})).toEqual(['#general', '#open'])
  expect(await listed(member, { joinedOnly: true })).toEqual(['#general'])
  const first = await people.listChannels({ includePrivate: true, limit: 3 })
  const rest = await people.listChannels({ includePrivate: true, limit: 3, cursor: first.nextCursor! })
  expect([first.channels.length, rest.channels.length, rest.nextCursor]).toEqual([3, 1, undefined])
  expect([...first.channels, ...rest.channels].find((c) => c.target === '#team')).toMatchObject({
    displayName: 'team',
    channelType: 'channel',
    enabled: true,
    visibility: ChannelVisibility.PRIVATE,
    joined: true,
    memberCount: 2,
  })
})

test('ListChannelMembers tells members who is there, and nobody else', async () => {
  for (const rpc of [people, agent, computer]) {
    const { members } = await rpc.listChannelMembers({ target: '#team' })
    expect(members.map((m) => [m.member?.displayName, m.role])).toEqual([
      ['bot', ChannelMemberRole.MEMBER],
      ['owner', ChannelMemberRole.ADMIN],
    ])
    expect(members[0]?.joinedTimeUnix).toBeGreaterThan(0n)
  }
  const first = await people.listChannelMembers({ target: '#team', limit: 1 })
  const second = await people.listChannelMembers({ target: '#team', limit: 1, cursor: first.nextCursor! })
  expect(second.members.map((m) => m.member?.userId)).toEqual([owner.id])
  for (const rpc of [agent, computer])
    expect(await refusal(rpc.listChannelMembers({ target: '#secret' }))).toBe('not_found')
})
