import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { loadConfig } from '../../daemon/config/config'
import { type Daemon, startDaemon } from '../../daemon/daemon'
import { refusal, rpcClient } from '../fixtures/rpc'
import { FakeTunnel } from '../fixtures/tunnel'
import { type Caller, type TestServer, startTestServer } from '../../server/testing'

/** One pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

let server: TestServer
let daemon: Daemon
let home: string
let box: Caller
let bot: Caller
let member: Caller

beforeAll(async () => {
  server = await startTestServer()
  box = await server.computer()
  home = mkdtempSync(join(tmpdir(), 'nekode-workspaces-'))
  const workspace = join(home, 'project')
  mkdirSync(join(workspace, 'src'), { recursive: true })
  writeFileSync(join(workspace, 'src/main.ts'), 'export const answer = 42\n')
  writeFileSync(join(workspace, '.env'), 'TOKEN=canary')
  writeFileSync(join(home, 'outside'), 'canary')
  writeFileSync(join(workspace, 'src/pixel.png'), PIXEL)
  writeFileSync(join(workspace, 'src/large.png'), Buffer.concat([PIXEL, Buffer.alloc(1 << 20)]))
  writeFileSync(join(workspace, 'src/huge.png'), Buffer.concat([PIXEL, Buffer.alloc(16 << 20)]))
  writeFileSync(join(workspace, 'src/not.png'), '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')
  writeFileSync(join(workspace, 'src/empty.png'), '')
  symlinkSync(join(home, 'outside'), join(workspace, 'link'))
  bot = await server.agent({ computerId: box.id, name: 'bot', workspace })
  member = await server.as('member')
  const owner = await server.as('owner')
  await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
  for (const [kind, memberId] of [
    ['human', member.id],
    ['agent', bot.id],
  ] as const)
    await owner.call('POST /api/channels/{target}/members', { params: { target: '#den' }, body: { kind, memberId } })
  await leaveGeneral(bot)
  writeFileSync(
    join(home, 'daemon.json'),
    JSON.stringify({ serverUrl: server.url, token: box.token, computerId: box.id }),
  )
  daemon = await startDaemon({
    config: loadConfig({ env: { NEKODE_HOME: home } }),
    log: createLogger({ level: 'error' }),
    env: {},
    self: [],
    detect: async () => [],
  })
  // The first question waits for the daemon; it may be later than that.
  for (let tries = 0; tries < 20 && (await look(member, 'tree')).startsWith('503'); tries++);
}, 60_000)

/** Everybody is in `#general`. */
const leaveGeneral = async (agent: Caller): Promise<unknown> =>
  (await server.as('owner')).call('DELETE /api/channels/{target}/members/{kind}/{memberId}', {
    params: { target: '#general', kind: 'agent', memberId: agent.id },
  })

afterAll(async () => {
  await daemon.stop()
  await server.stop()
  rmSync(home, { recursive: true })
})

const look = async (who: Pick<Caller, 'fetch'>, what: string, agent = bot.id): Promise<string> => {
  const response = await who.fetch(`/api/agents/${agent}/workspace/${what}`)
  const body = await response.json()
  return response.ok ? `200 ${JSON.stringify(body)}` : `${response.status} ${body.code}`
}

describe('an agent’s files', () => {
  test('are what is on its computer', async () => {
    const params = { id: bot.id }
    const tree = await member.call('GET /api/agents/{id}/workspace/tree', { params, query: { depth: 2 } })
    expect(tree.items.map(({ path, kind }) => `${kind} ${path}`)).toEqual([
      'folder src',
      'file src/empty.png',
      'file src/huge.png',
      'file src/large.png',
      'file src/main.ts',
      'file src/not.png',
      'file src/pixel.png',
      'link link',
    ])
    const query = { path: 'src/main.ts' }
    expect(await member.call('GET /api/agents/{id}/workspace/file', { params, query })).toMatchObject({
      content: 'export const answer = 42\n',
      binary: false,
      nextOffset: null,
    })
    const part = await member.call('GET /api/agents/{id}/workspace/file', {
      params,
      query: { ...query, offset: 7, length: 5 },
    })
    expect([part.content, part.nextOffset]).toEqual(['const', 12])
  })

  test('are shown when they are pictures, in which nothing runs', async () => {
    const picture = await member.fetch(`/api/agents/${bot.id}/workspace/image?path=src%2Fpixel.png`)
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/png'])
    expect(picture.headers.get('content-security-policy')).toContain('sandbox')
    expect(picture.headers.get('x-content-type-options')).toBe('nosniff')
    expect(Buffer.from(await picture.bytes()).equals(PIXEL)).toBe(true)
    const large = await member.fetch(`/api/agents/${bot.id}/workspace/image?path=src%2Flarge.png`)
    expect((await large.bytes()).length).toBe(PIXEL.length + (1 << 20))
    const outsider = await server.as('member', 'outsider')
    expect(await look(outsider, 'image?path=src%2Fpixel.png')).toBe('404 not_found')
  })

  test('are for those who are in a channel with it', async () => {
    const stranger = await server.agent({ name: 'stranger' })
    await leaveGeneral(stranger)
    for (const who of [member, bot, await server.as('owner')]) expect(await look(who, 'tree')).toStartWith('200 ')
    for (const who of [await server.as('member', 'outsider'), await server.as('viewer'), stranger])
      expect(await look(who, 'tree')).toBe('404 not_found')
    expect(await look(member, 'tree', stranger.id)).toBe('404 not_found')
  })

  test.each([
    ['file?path=.env', '403 path_hidden'],
    ['file?path=link', '403 path_hidden'],
    ['file?path=..%2Foutside', '400 invalid_request'],
    ['file?path=%2Fetc%2Fpasswd', '400 invalid_request'],
    ['file?path=src', '400 invalid_request'],
    ['file?path=gone', '404 not_found'],
    ['file', '400 invalid_request'],
    ['file?path=src%2Fmain.ts&length=9999999', '400 invalid_request'],
    ['image?path=src%2Fmain.ts', '404 no_picture'],
    ['image?path=src%2Fnot.png', '404 no_picture'],
    ['image?path=src%2Fempty.png', '404 no_picture'],
    ['image?path=src%2Fhuge.png', '413 too_large'],
    ['image?path=link', '403 path_hidden'],
    ['image?path=src', '400 invalid_request'],
    ['image', '400 invalid_request'],
    ['tree?path=..', '400 invalid_request'],
    ['tree?depth=100', '400 invalid_request'],
    ['tree?cursor=x', '400 invalid_request'],
  ])('%s is refused with %s', async (what, expected) => {
    expect(await look(member, what)).toBe(expected)
  })

  test('come over the wire too', async () => {
    const rpc = rpcClient(server.url, member.token)
    const { entries, nextCursor } = await rpc.listWorkspaceTree({ workspaceId: bot.id, limit: 1 })
    expect([entries.map(({ path, isDir }) => [path, isDir]), nextCursor !== undefined]).toEqual([[['src', true]], true])
    const rest = await rpc.listWorkspaceTree({ workspaceId: bot.id, ...(nextCursor ? { cursor: nextCursor } : {}) })
    expect([rest.entries.map(({ path }) => path), rest.nextCursor]).toEqual([['link'], undefined])
    const file = await rpc.readWorkspaceFile({ workspaceId: bot.id, path: 'src/main.ts', maxBytes: 6 })
    expect([file.content, file.truncated, file.sizeBytes]).toEqual(['export', true, 25n])
    expect(await refusal(rpc.readWorkspaceFile({ workspaceId: bot.id, path: '../outside' }))).toBe(
      'invalid_argument invalid_request',
    )
    const outsider = rpcClient(server.url, (await server.as('member', 'outsider')).token)
    expect(await refusal(outsider.listWorkspaceTree({ workspaceId: bot.id }))).toBe('not_found')
  })

  test('of an agent that has worked nowhere yet are said not to be there', async () => {
    const fresh = await server.agent({ computerId: box.id, name: 'fresh' })
    expect(await look(await server.as('owner'), 'tree', fresh.id)).toBe('412 workspace_unavailable')
  })
})

describe('without a daemon that can', () => {
  test('the computer is said to be offline', async () => {
    const lone = await server.agent({ name: 'lone' })
    expect(await look(await server.as('owner'), 'tree', lone.id)).toBe('503 computer_offline')
  })

  test('a daemon of before is said to be too old', async () => {
    const computer = await server.computer()
    const old = await server.agent({ computerId: computer.id, name: 'old' })
    using tunnel = new FakeTunnel(server.url, computer.token, computer.id, async () => undefined, 'none')
    await tunnel.ready
    expect(await look(await server.as('owner'), 'tree', old.id)).toBe('412 daemon_outdated')
  })

  test('an answer that is none is the computer’s fault', async () => {
    const computer = await server.computer()
    const odd = await server.agent({ computerId: computer.id, name: 'odd' })
    using tunnel = new FakeTunnel(server.url, computer.token, computer.id, async (exchange) => {
      exchange.respond(200, [])
      await exchange.write(new TextEncoder().encode('{'))
      await exchange.end()
    })
    await tunnel.ready
    expect(await look(await server.as('owner'), 'tree', odd.id)).toBe('503 unavailable')
  })
})
