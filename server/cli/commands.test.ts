import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PASSWORD, type TestServer, startTestServer } from '../testing'
import { accountPath, writeAccount } from '@shared/cli/account'
import { TestHost } from './testing'

let server: TestServer
let host: TestHost

beforeAll(async () => {
  server = await startTestServer()
  await server.as('owner', 'ann')
})
afterAll(() => server.stop())
beforeEach(async () => {
  host = new TestHost()
  await writeAccount(host.env, { server: server.url, token: (await server.as('owner', 'ann')).token })
})
afterEach(() => host.remove())

/** A command that has to succeed, with what it says to programs. */
async function ok(...argv: string[]) {
  expect([await host.run(...argv, '--json'), host.stderr]).toEqual([0, ''])
  return host.json()
}

describe('a login', () => {
  test('by password from standard input is kept, shown by whoami and ended by logout', async () => {
    await server.as('member', 'bob')
    host.input = `${PASSWORD}\n`
    expect(await host.run('login', '--server', server.url, '--username', 'bob', '--password-stdin')).toBe(0)
    expect(host.stdout).toBe(`Logged in to ${server.url} as bob (member).\n`)
    expect((await stat(accountPath(host.env))).mode & 0o777).toBe(0o600)
    expect(host.stdout + host.stderr).not.toContain(PASSWORD)
    expect(await ok('whoami')).toMatchObject({ server: server.url, user: { username: 'bob', role: 'member' } })
    const { token } = JSON.parse(await Bun.file(accountPath(host.env)).text())
    expect(await host.run('logout')).toBe(0)
    expect(await host.run('whoami')).toBe(3)
    // The session is over at the server too.
    host.env.NEKODE_SERVER_URL = server.url
    host.env.NEKODE_TOKEN = token
    expect(await host.run('whoami')).toBe(3)
    expect(host.stderr).toContain('not valid any more')
  })

  test('asks on a terminal for what is missing, and hides the password', async () => {
    await server.as('member', 'bob')
    host.tty = { in: true, out: true, err: true }
    host.answers = ['bob', PASSWORD]
    expect(await host.run('login', '--server', server.url)).toBe(0)
    expect(host.asked).toEqual([
      { question: 'User name: ', hidden: false },
      { question: 'Password: ', hidden: true },
    ])
  })

  test('without a terminal says how to give the password', async () => {
    expect(await host.run('login', '--server', server.url, '--username', 'bob')).toBe(2)
    expect(host.stderr).toContain('next: Use --username and --password-stdin, or --token-stdin.')
  })

  test('with a wrong password fails and keeps the login that was there', async () => {
    host.input = 'wrong wrong wrong\n'
    expect(await host.run('login', '--server', server.url, '--username', 'ann', '--password-stdin')).toBe(1)
    expect(await ok('whoami')).toMatchObject({ user: { username: 'ann' } })
  })

  test('with an API token is verified before it is kept, and logout leaves the token alone', async () => {
    const { token } = await server.apiToken('read')
    host.input = `${token}\n`
    expect(await host.run('login', '--server', server.url, '--token-stdin')).toBe(0)
    expect(await host.run('send', 'general', 'hi')).toBe(4)
    expect(host.stderr).toContain('scope')
    expect(await host.run('logout')).toBe(0)
    host.input = `${token}\n`
    expect(await host.run('login', '--server', server.url, '--token-stdin')).toBe(0)
    host.input = 'nup_wrong\n'
    expect(await host.run('login', '--server', server.url, '--token-stdin')).toBe(3)
    expect(await host.run('whoami')).toBe(0)
  })

  test('to an address where no server is fails as unreachable', async () => {
    host.input = `${PASSWORD}\n`
    expect(await host.run('login', '--server', 'http://127.0.0.1:1', '--username', 'a', '--password-stdin')).toBe(5)
  })

  test('over an unencrypted connection to another machine is warned about', async () => {
    host.input = 'x\n'
    await host.run('login', '--server', 'http://nekode.invalid:1', '--username', 'a', '--password-stdin')
    expect(host.stderr).toContain('warning: http://nekode.invalid:1 is not encrypted')
  })
})

describe('a fresh server', () => {
  test('is set up by its code from standard input', async () => {
    await using fresh = await startTestServer()
    host.input = `${fresh.setupCode}\n${PASSWORD}\n`
    expect(await host.run('login', '--server', fresh.url, '--username', 'root', '--setup-code-stdin')).toBe(0)
    expect(await ok('whoami')).toMatchObject({ user: { username: 'root', role: 'owner' } })
    host.input = `${fresh.setupCode}\n${PASSWORD}\n`
    expect(await host.run('login', '--server', fresh.url, '--username', 'eve', '--setup-code-stdin')).toBe(1)
    expect(host.stderr).toContain('set up already')
  })

  test('asks a person for code, name and password, and refuses two that differ or a wrong code', async () => {
    await using fresh = await startTestServer()
    host.tty = { in: true, out: true, err: true }
    host.answers = ['x', 'root', PASSWORD, `${PASSWORD}!`]
    expect(await host.run('login', '--server', fresh.url)).toBe(1)
    expect(host.stderr).toContain('The two passwords differ.')
    host.answers = ['wrong-code', 'root', PASSWORD, PASSWORD]
    expect(await host.run('login', '--server', fresh.url)).toBe(4)
    host.answers = [fresh.setupCode!.toUpperCase(), 'root', PASSWORD, PASSWORD]
    host.asked = []
    expect(await host.run('login', '--server', fresh.url)).toBe(0)
    expect(host.asked.map((q) => q.hidden)).toEqual([false, false, true, true])
  })

  test('cannot be logged in to with a password', async () => {
    await using fresh = await startTestServer()
    host.input = `${PASSWORD}\n`
    expect(await host.run('login', '--server', fresh.url, '--username', 'a', '--password-stdin')).toBe(2)
    expect(host.stderr).toContain('no users yet')
  })
})

describe('channels', () => {
  test('are created, joined, listed, changed and archived', async () => {
    await server.as('member', 'bob')
    expect(await ok('channels', 'create', '#backend', '--topic', 'storage', '--private')).toMatchObject({
      target: '#backend',
      topic: 'storage',
      visibility: 'private',
    })
    expect(await host.run('channels', 'create', 'backend')).toBe(1)
    expect(await ok('channels', 'invite', 'backend', '@bob', '--role', 'viewer')).toMatchObject({
      name: 'bob',
      role: 'viewer',
    })
    expect(await ok('channels', 'set', 'backend', 'bob', '--role', 'member')).toMatchObject({ role: 'member' })
    const { items } = await ok('channels', 'members', 'backend')
    expect(items.map((m: { name: string }) => m.name).sort()).toEqual(['ann', 'bob'])
    expect(await ok('channels', 'remove', 'backend', '@bob')).toEqual({ ok: true })
    const targets = (await ok('channels')).items.map((c: { target: string }) => c.target)
    expect(targets).toContain('#backend')
    expect(await host.run('channels', 'archive', 'backend')).toBe(2)
    expect(host.stderr).toContain('--yes')
    expect(await ok('channels', 'archive', 'backend', '--yes')).toEqual({ ok: true })
    expect((await ok('channels')).items.map((c: { target: string }) => c.target)).not.toContain('#backend')
  })

  test('of others that are private are not found', async () => {
    const eve = await server.as('member', 'eve')
    await eve.call('POST /api/channels', { body: { name: 'evil', visibility: 'private' } })
    await writeAccount(host.env, { server: server.url, token: (await server.as('member', 'bob')).token })
    expect(await host.run('messages', 'evil')).toBe(4)
    expect(await host.run('messages', 'evil', '--follow')).toBe(4)
    expect(await host.run('send', 'evil', 'x')).toBe(4)
  })

  test('are a table for people', async () => {
    expect(await host.run('channels')).toBe(0)
    expect(host.stdout).toMatch(/^TARGET +WITH +MEMBERS +UNREAD +LAST MESSAGE +TOPIC\n/)
    expect(host.stdout).toMatch(/^#general +public /m)
    expect(await host.run('channels', 'show', 'general')).toBe(0)
    expect(host.stdout).toMatch(/^target +#general$/m)
  })
})

describe('messages', () => {
  test('are sent from arguments, files and standard input, once for each request id, and read oldest first', async () => {
    await ok('channels', 'create', 'talk')
    const first = await ok('send', 'talk', 'one')
    expect(first).toMatchObject({ message: { target: '#talk', content: 'one' }, deliveries: [] })
    host.input = 'two\n\n'
    await ok('send', '#talk', '-')
    await Bun.write(join(host.home, 'three.md'), '# three\r\n- x\n')
    const third = await ok('send', 'talk', '--file', join(host.home, 'three.md'), '--thread', first.message.id)
    expect(third.message.threadId).toBe(first.message.id)
    const again = [
      await ok('send', 'talk', 'four', '--request-id', 'k1'),
      await ok('send', 'talk', 'four', '--request-id', 'k1'),
    ]
    expect(again[0].message.id).toBe(again[1].message.id)
    const { items } = await ok('messages', 'talk')
    expect(items.map((m: { content: string }) => m.content)).toEqual(['one', 'two', 'four'])
    const thread = await ok('messages', 'talk', '--thread', first.message.id)
    expect(thread.items.map((m: { content: string }) => m.content)).toEqual(['one', '# three\r\n- x'])
    expect((await ok('messages', 'talk', '--limit', '1')).items.map((m: { content: string }) => m.content)).toEqual([
      'four',
    ])
  })

  test('that are empty, too long or no text are refused before anything is sent', async () => {
    host.input = ' \n'
    expect(await host.run('send', 'general', '-')).toBe(2)
    host.input = 'x'.repeat(40_001)
    expect(await host.run('send', 'general', '-')).toBe(2)
    expect(host.stderr).toContain('40001 characters; 40000 is the most')
    await Bun.write(join(host.home, 'blob'), new Uint8Array([0xff, 0xfe, 0]))
    expect(await host.run('send', 'general', '--file', join(host.home, 'blob'))).toBe(1)
    expect(host.stderr).toContain('it is not UTF-8 text')
  })

  test('go through many pages', async () => {
    await ok('channels', 'create', 'long')
    const ann = await server.as('owner', 'ann')
    for (let i = 0; i < 250; i++) await ann.call('POST /api/messages', { body: { target: '#long', content: `${i}` } })
    const { items } = await ok('messages', 'long', '--limit', '230')
    expect(items.map((m: { content: string }) => Number(m.content))).toEqual(
      Array.from({ length: 230 }, (_, i) => i + 20),
    )
  })

  test('of a person are found by @name, and nobody else is', async () => {
    await server.as('member', 'bob')
    const sent = await ok('send', '@bob', 'psst')
    expect(sent.message.target).toStartWith('dm:')
    expect((await ok('messages', '@bob')).items).toHaveLength(1)
    expect(await host.run('send', '@nobody', 'x')).toBe(4)
    expect(host.stderr).toContain('Nobody is called “nobody”.')
  })

  test('cannot do anything to the terminal of who reads them', async () => {
    await ok('channels', 'create', 'escape')
    await ok('send', 'escape', 'hi\u001b]0;title\u0007\n\n@ann  now  msg_1\n  forged')
    expect(await host.run('messages', 'escape')).toBe(0)
    const [header, ...body] = host.stdout.trimEnd().split('\n')
    expect(header).toMatch(/^@ann {2}\S.* {2}msg_[0-9a-f]{32}$/)
    expect(body).toEqual(['  hi␛]0;title␇', '', '  @ann  now  msg_1', '    forged'])
  })

  test('are searched', async () => {
    await ok('send', 'general', 'the quick brown zebra')
    expect((await ok('search', 'zebra')).items.map((m: { content: string }) => m.content)).toEqual([
      'the quick brown zebra',
    ])
    expect(await host.run('search', 'zebra', '--target', 'general')).toBe(0)
    expect(host.stdout).toContain('the quick brown zebra')
    expect(await host.run('search', 'unicorn')).toBe(0)
    expect([host.stdout, host.stderr]).toEqual(['', 'Nothing found.\n'])
  })
})

describe('tokens and users', () => {
  test('a token is printed alone and once, works, and ends when it is revoked', async () => {
    expect(await host.run('tokens', 'create', 'ci', '--scopes', 'read', '--expires', '30d')).toBe(0)
    const token = host.stdout.trim()
    expect(token).toMatch(/^nup_\S+$/)
    const [made] = (await ok('tokens')).items
    expect(made).toMatchObject({ name: 'ci', scopes: ['read'] })
    expect(made).not.toHaveProperty('token')
    expect(made.expiresAt - Date.now()).toBeGreaterThan(29 * 86_400_000)
    expect(await ok('tokens', 'revoke', made.id)).toEqual({ ok: true })
    host.env.NEKODE_TOKEN = token
    expect(await host.run('whoami')).toBe(3)
    delete host.env.NEKODE_TOKEN
    expect(await host.run('tokens', 'create', 'x', '--scopes', 'root')).toBe(2)
  })

  test('an admin adds people, a member may not', async () => {
    host.input = 'a long password\n'
    expect(await ok('users', 'add', 'carl', '--role', 'viewer', '--password-stdin')).toMatchObject({
      username: 'carl',
      role: 'viewer',
    })
    expect((await ok('users')).items.map((u: { username: string }) => u.username)).toContain('carl')
    host.input = 'short\n'
    expect(await host.run('users', 'add', 'dora', '--password-stdin')).toBe(1)
    expect(host.stderr).toContain('at least 10 characters')
    await writeAccount(host.env, { server: server.url, token: (await server.as('member', 'bob')).token })
    host.input = 'a long password\n'
    expect(await host.run('users', 'add', 'dora', '--password-stdin')).toBe(4)
  })
})

describe('agents and computers', () => {
  test('an agent is made, shown, changed, controlled and deleted', async () => {
    const runtime = {
      kind: 'custom',
      displayName: 'Command',
      installed: true,
      version: '',
      login: 'not_needed' as const,
    }
    const rest = { nextStep: '', installCommand: '', canInstall: false, models: [], demo: false }
    const { id } = await server.computer({ displayName: 'box', runtimes: [{ ...runtime, ...rest }] })
    await Bun.write(join(host.home, 'env'), 'API_KEY=secret value\nMODE="x y"\n')
    const env = join(host.home, 'env')
    const options = ['--computer', 'box', '--approvals', 'default=ask,execute=deny', '--env-file', env]
    const made = await ok('agents', 'create', 'echo', '--runtime', 'custom', ...options)
    expect(made).toMatchObject({
      name: 'echo',
      computerId: id,
      approvals: { default: 'ask', rules: { execute: 'deny' } },
      channels: [{ target: '#general' }],
    })
    expect(made.env).toEqual([
      { name: 'API_KEY', value: null, secret: true },
      { name: 'MODE', value: null, secret: true },
    ])
    expect(await host.run('agents', 'update', '@echo', '--model', 'm2', '--no-enabled', '--', 'prog', '--flag')).toBe(0)
    expect(await ok('agents', 'show', 'echo')).toMatchObject({
      model: 'm2',
      enabled: false,
      command: ['prog', '--flag'],
    })
    expect(await host.run('agents')).toBe(0)
    expect(host.stdout).toMatch(/^@echo +off +custom +m2 /m)
    expect(await host.run('agents', 'update', 'echo')).toBe(2)
    expect(await ok('agents', 'control', 'echo', 'restart', '--reason', 'test')).toMatchObject({
      state: expect.any(String),
    })
    expect(await host.run('agents', 'create', 'bad', '--runtime', 'nope', '--computer', 'box')).toBe(1)
    const { id: bare } = await server.computer({
      displayName: 'bare box',
      hostname: 'box',
      runtimes: [{ ...runtime, ...rest, kind: 'codex', displayName: 'Codex CLI', installed: false, canInstall: true }],
    })
    expect(await host.run('agents', 'create', 'late', '--runtime', 'codex', '--computer', bare)).toBe(0)
    expect(host.stderr).toContain('warning: Codex CLI is not installed on bare box.')
    expect(host.stderr).toContain("next: nekode computers install 'bare box' codex")
    // A name wins over the host name of another computer.
    expect(await ok('computers', 'show', 'box')).toMatchObject({ id })
    expect(await ok('agents', 'delete', 'late', '--yes')).toEqual({ ok: true })
    expect(await ok('computers', 'remove', bare, '--yes')).toEqual({ ok: true })
    expect(await ok('agents', 'delete', 'echo', '--yes')).toEqual({ ok: true })
    expect(await host.run('agents', 'show', 'echo')).toBe(4)
    expect(await ok('computers', 'remove', id, '--yes')).toEqual({ ok: true })
  })

  test('a computer is added by a command with a one-use code, renamed and removed', async () => {
    expect(await host.run('computers', 'add', '--name', 'lab')).toBe(0)
    expect(host.stdout).toMatch(/install\.sh\?code=/)
    expect(host.stderr).toContain('it works once, and expires in ')
    expect(host.stderr).toContain('works on the server’s own computer only')
    expect(await host.run('computers', 'add', '--windows', '--expires', '2h')).toBe(0)
    expect(host.stdout).toContain('install.ps1')
    const { id } = await server.computer({ displayName: 'twin' })
    await server.computer({ displayName: 'twin' })
    expect(await host.run('computers', 'show', 'twin')).toBe(1)
    expect(host.stderr).toContain('the name of several computers')
    expect(await ok('computers', 'rename', id, 'solo')).toMatchObject({ displayName: 'solo' })
    expect(await ok('computers', 'show', 'solo')).toMatchObject({ id })
    expect(await ok('computers', 'remove', 'solo', '--yes')).toEqual({ ok: true })
    expect(await host.run('computers', 'show', 'solo')).toBe(4)
  })
})

describe('tunnels', () => {
  test('are opened, listed, extended and closed', async () => {
    const computer = await server.computer({ displayName: 'shed' })
    const tunnel = await ok('tunnels', 'open', '5173', '--computer', 'shed', '--label', 'new page', '--for', '30m')
    expect(tunnel).toMatchObject({ computerId: computer.id, localPort: 5173, state: 'active', ttlSeconds: 1800 })
    expect((await ok('tunnels')).items).toMatchObject([{ id: tunnel.id, label: 'new page' }])
    expect(await host.run('tunnels')).toBe(0)
    expect(host.stdout).toContain(tunnel.url)
    expect((await ok('tunnels', 'extend', tunnel.id, '--for', '8h')).expiresAt).toBeGreaterThan(tunnel.expiresAt)
    expect(await ok('tunnels', 'close', tunnel.id, '--reason', 'done')).toMatchObject({
      state: 'closed',
      closeReason: 'done',
    })
    expect((await ok('tunnels')).items).toEqual([])
    expect((await ok('tunnels', 'list', '--state', 'closed')).items).toHaveLength(1)
  })

  test('that an agent asks for are approved or rejected', async () => {
    const agent = await server.agent()
    const ask = (localPort: number) => agent.call('POST /api/tunnels', { body: { localPort, target: '#general' } })
    const [first, second] = [await ask(3001), await ask(3002)]
    expect(await ok('tunnels', 'approve', first.id)).toMatchObject({ state: 'active' })
    expect(await ok('tunnels', 'reject', second.id, '--reason', 'no')).toMatchObject({ state: 'rejected' })
    expect(await host.run('tunnels', 'approve', second.id)).toBe(1)
  })

  test('are refused with what is wrong', async () => {
    expect(await host.run('tunnels', 'open', '70000', '--computer', 'shed')).toBe(2)
    expect(await host.run('tunnels', 'open', '3000')).toBe(2)
    expect(await host.run('tunnels', 'close', 'tun_none')).toBe(4)
  })
})
