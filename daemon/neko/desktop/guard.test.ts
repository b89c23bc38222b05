import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { startDesktop } from './desktop'
import { PaperMachine, TestDesktop } from './testing'

let desk: TestDesktop | undefined
afterEach(async () => {
  await desk?.stop()
  desk = undefined
})

const login = (url: string, password: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/api/login`, { method: 'POST', headers, body: JSON.stringify({ username: 'x', password }) })

describe('logins', () => {
  test('whoever guesses has to wait, also with the right password', async () => {
    desk = await TestDesktop.start()
    const statuses: number[] = []
    for (let i = 0; i < 6; i++) statuses.push((await login(desk.url, `guess ${i}`)).status)
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
    const refused = await login(desk.url, 'neko')
    expect([refused.status, await refused.json()]).toEqual([429, { code: 429, message: 'too many failed logins' }])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('without passwords random ones are made, which differ', async () => {
    const served = await startDesktop({ machine: new PaperMachine(), port: 0, host: '0.0.0.0' })
    try {
      expect(served.userPassword).toMatch(/^[A-Za-z\d]{20}$/)
      expect(served.userPassword).not.toBe(served.adminPassword)
      const reply = await (await login(served.url, served.adminPassword)).json()
      expect(reply).toMatchObject({ token: expect.stringMatching(/^[\w-]{64}$/), profile: { is_admin: true } })
    } finally {
      await served.stop()
    }
  })

  test('neither a token nor a password comes into the log', async () => {
    const lines: string[] = []
    desk = await TestDesktop.start({ log: createLogger({ level: 'debug', write: (line) => lines.push(line) }) })
    await login(desk.url, 'secret guess')
    const user = await desk.login('user')
    const wire = await user.connect()
    await wire.next('system/init')
    wire.send('no/such/event')
    await wire.settled()
    expect(lines.length).toBeGreaterThan(1)
    expect(lines.join('\n')).not.toContain(user.token)
    expect(lines.join('\n')).not.toContain('secret guess')
  })

  test('each login is a session, and there are no more than there is room for', async () => {
    desk = await TestDesktop.start()
    const first = await desk.login('user')
    const kept = await desk.login('admin')
    await (await kept.connect()).next('system/init')
    for (let i = 0; i < 511; i++) await desk.login('user')
    expect((await first.call('GET', '/api/whoami')).status).toBe(401)
    expect((await kept.call('GET', '/api/whoami')).status).toBe(200)
  })
})

describe('cookies', () => {
  test('a login gives one in the place of a token, which is as good as a token', async () => {
    desk = await TestDesktop.start({ cookies: true })
    const reply = await login(desk.url, 'neko')
    expect(await reply.json()).not.toHaveProperty('token')
    const cookie = reply.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^NEKO_SESSION=[\w-]{64}; Max-Age=86400; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    const [pair = ''] = cookie.split(';')
    const token = pair.slice('NEKO_SESSION='.length)
    const whoami = (headers: Record<string, string>, query = '') =>
      fetch(`${desk?.url}/api/whoami${query}`, { headers }).then(({ status }) => status)
    expect(await whoami({ cookie: pair })).toBe(200)
    expect(await whoami({ authorization: `Bearer ${token}` })).toBe(200)
    expect(await whoami({}, `?token=${token}`)).toBe(200)
    // A stale cookie wins, as in Neko, and is taken away.
    const stale = await fetch(`${desk.url}/api/whoami`, {
      headers: { cookie: 'NEKO_SESSION=old', authorization: `Bearer ${token}` },
    })
    expect([stale.status, stale.headers.get('set-cookie')]).toEqual([401, expect.stringContaining('Max-Age=0')])
    const wire = await desk.connect(undefined, { cookie: pair })
    expect(await wire.next('system/init')).toBeDefined()
  })

  test('without them one is not looked at', async () => {
    desk = await TestDesktop.start()
    const { token } = await desk.login('user')
    const headers = { cookie: `NEKO_SESSION=${token}` }
    expect((await fetch(`${desk.url}/api/whoami`, { headers })).status).toBe(401)
  })
})

describe('where it is', () => {
  test('everything is below the prefix', async () => {
    desk = await TestDesktop.start({ prefix: '/desk' })
    const user = await desk.login('user')
    expect((await user.call('GET', '/health')).status).toBe(200)
    expect((await user.call('GET', '/api/whoami')).status).toBe(200)
    await (await user.connect()).next('system/init')
    const root = desk.url.replace('/desk', '')
    expect((await fetch(`${root}/api/whoami`)).status).toBe(404)
    const batch = await user.call('POST', '/api/batch', [{ path: '/api/room/screen', method: 'GET' }])
    expect(await batch.json()).toEqual([
      { path: '/api/room/screen', method: 'GET', status: 200, body: { width: 1280, height: 720, rate: 30 } },
    ])
  })

  test('a browser is told what this is', async () => {
    desk = await TestDesktop.start()
    const page = await fetch(`${desk.url}/`)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await page.text()).toContain(`nekode-daemon neko manual --neko-url ${desk.url}`)
    const nothing = await fetch(`${desk.url}/nothing`)
    expect([nothing.status, await nothing.text()]).toEqual([404, '404 page not found\n'])
  })

  test('a port that is taken is said so, and the machine is closed', async () => {
    desk = await TestDesktop.start()
    const machine = new PaperMachine()
    const closed = Promise.withResolvers<void>()
    machine.close = async () => closed.resolve()
    const { port } = desk.desktop
    await expect(startDesktop({ machine, port })).rejects.toMatchObject({ kind: 'unavailable', code: 'port_taken' })
    await closed.promise
  })
})

describe('pages of other addresses', () => {
  const evil = { origin: 'https://evil.example' }

  test('change nothing, and are told of no other address that could', async () => {
    desk = await TestDesktop.start()
    const reply = await login(desk.url, 'neko', evil)
    expect([reply.status, reply.headers.get('access-control-allow-origin')]).toEqual([403, null])
    const asked = await fetch(`${desk.url}/api/login`, { method: 'OPTIONS', headers: evil })
    expect(asked.headers.get('access-control-allow-origin')).toBeNull()
    expect((await login(desk.url, 'neko', { origin: desk.url })).status).toBe(200)
  })

  test('may use it when they are named', async () => {
    desk = await TestDesktop.start({ origins: ['https://console.example'] })
    const named = { origin: 'https://console.example' }
    const reply = await login(desk.url, 'neko', named)
    expect([reply.status, reply.headers.get('access-control-allow-origin')]).toEqual([200, named.origin])
    expect((await login(desk.url, 'neko', evil)).status).toBe(403)
    const wire = await desk.connect((await desk.login('user')).token, named)
    await wire.next('system/init')
  })
})

describe('what is too much', () => {
  test('a body of JSON that is too long is not read', async () => {
    desk = await TestDesktop.start()
    const reply = await login(desk.url, 'x'.repeat(5 << 20))
    expect([reply.status, await reply.json()]).toEqual([413, { code: 413, message: 'the body is too large' }])
  })

  test('a message that is too long ends the connection', async () => {
    desk = await TestDesktop.start()
    const wire = await (await desk.login('user')).connect()
    await wire.next('system/init')
    wire.raw('x'.repeat(5 << 20))
    expect(await wire.closed).not.toBe(1000)
  })

  test('a text for the clipboard may be long, what goes to everybody not', async () => {
    desk = await TestDesktop.start()
    const [wire, other] = [await (await desk.login('user')).connect(), await (await desk.login('user')).connect()]
    await other.next('system/init')
    const long = 'x'.repeat(1 << 20)
    wire.send('control/request')
    wire.send('clipboard/set', { text: long })
    wire.send('send/broadcast', { subject: 'long', body: long })
    wire.send('send/broadcast', { subject: 'short', body: 1 })
    expect(await other.next('send/broadcast')).toMatchObject({ subject: 'short' })
    expect(desk.machine.content.text?.length).toBe(1 << 20)
  })

  test('connections beyond those there is room for are refused', async () => {
    desk = await TestDesktop.start()
    const users = await Promise.all(Array.from({ length: 128 }, () => desk!.login('user')))
    for (const user of users) await (await user.connect()).next('system/init')
    const reply = await fetch(`${desk.url}/api/ws`, { headers: { upgrade: 'websocket', connection: 'upgrade' } })
    expect([reply.status, await reply.text()]).toEqual([503, 'too many connections'])
  })

  describe('files', () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' }
    const part = (name: string, text: string) =>
      `--x\r\ncontent-disposition: form-data; name="files"; filename="${name}"\r\n\r\n${text}\r\n`
    const send = async (body: string) => {
      desk = await TestDesktop.start()
      const { token } = await desk.login('user')
      const reply = await fetch(`${desk.url}/api/filetransfer`, {
        method: 'POST',
        headers: { ...headers, authorization: `Bearer ${token}` },
        body,
      })
      return [reply.status, await reply.text(), readdirSync(desk.machine.downloads)]
    }

    test('a form that ends in the middle of one is refused, and nothing of it is kept', async () => {
      const message = JSON.stringify({ code: 400, message: 'failed to parse multipart form' })
      const [before, own] = [process.env.TMPDIR, mkdtempSync(join(tmpdir(), 'nekode-guard-'))]
      process.env.TMPDIR = own
      try {
        expect(await send(`${part('a.txt', 'whole')}${part('b.txt', 'not')}`)).toEqual([400, message, []])
        expect(readdirSync(own).map((name) => name.replace(/-[^-]*$/, ''))).toEqual(['nekode-paper'])
      } finally {
        if (before === undefined) delete process.env.TMPDIR
        else process.env.TMPDIR = before
      }
    })

    test('more than there may be in a form are refused', async () => {
      const body = Array.from({ length: 101 }, (_, i) => part(`${i}.txt`, 'x')).join('')
      const message = JSON.stringify({ code: 413, message: 'too many files received' })
      expect(await send(`${body}--x--\r\n`)).toEqual([413, message, []])
    })

    test('one of some megabytes comes whole, under a name without a folder', async () => {
      const text = 'x'.repeat(5 << 20)
      const [status, , names] = await send(`${part('../../../evil.txt', text)}--x--\r\n`)
      expect([status, names]).toEqual([200, ['evil.txt']])
      expect(Bun.file(`${desk?.machine.downloads}/evil.txt`).size).toBe(5 << 20)
    })
  })

  test('a request that is no upgrade is none', async () => {
    desk = await TestDesktop.start()
    expect((await fetch(`${desk.url}/api/ws`)).status).toBe(400)
  })
})
