import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import net from 'node:net'
import type { Tunnel } from '@shared/contract'
import {
  type Caller,
  type DaemonUnderTest,
  Place,
  type ServerUnderTest,
  eventually,
  startDaemon,
  startServer,
} from './harness'
import { Application, Visitor, breakingOff } from './preview'

let place: Place
let server: ServerUnderTest
let daemon: DaemonUnderTest
let admin: Caller
let app: Application
let tunnel: Tunnel
let visitor: Visitor

beforeAll(async () => {
  place = new Place()
  server = await startServer(place)
  admin = await server.admin()
  daemon = await startDaemon(place, server)
  app = new Application()
  tunnel = await open()
  visitor = await Visitor.enter(admin, tunnel, server.port)
}, 60_000)

afterAll(async () => {
  app[Symbol.dispose]()
  await place[Symbol.asyncDispose]()
})

const open = (
  localPort = app.port,
  more: { accessPolicy?: Tunnel['accessPolicy']; target?: string } = {},
): Promise<Tunnel> => admin.call('POST /api/tunnels', { body: { computerId: daemon.computerId, localPort, ...more } })

const settled = (what: string, ask: () => boolean): Promise<true> =>
  eventually(async () => (ask() ? true : undefined), { seconds: 20, what })

/** What arrives on a socket, in order. */
class Inbox {
  readonly #items: string[] = []
  #wake: (() => void) | undefined

  constructor(socket: WebSocket) {
    socket.addEventListener('message', ({ data }) => this.#put(typeof data === 'string' ? data : `<${data.length}>`))
    socket.addEventListener('close', ({ code, reason }) => this.#put(`closed ${code} ${reason}`.trim()))
  }

  #put(item: string): void {
    this.#items.push(item)
    this.#wake?.()
  }

  async next(): Promise<string> {
    for (;;) {
      const item = this.#items.shift()
      if (item !== undefined) return item
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

describe('what passes through', () => {
  test('an application is asked as if the browser were on its computer', async () => {
    const { headers } = (await visitor.get('/echo?a=1', { referer: `http://${visitor.host}/x?y` })).json()
    expect(headers).toMatchObject({
      host: `localhost:${app.port}`,
      referer: `http://localhost:${app.port}/x?y`,
      'x-forwarded-host': visitor.host,
      'x-forwarded-proto': 'http',
    })
    expect(app.seen.at(-1)?.path).toBe('/echo?a=1')
  })

  test('nothing of the console’s, and nothing of a single connection, reaches it', async () => {
    await visitor.send('/echo', {
      headers: {
        cookie: `${visitor.cookie}; nekode_session=nus_x; __Host-nekode_preview=y; theme=dark`,
        authorization: `Bearer ${admin.token}`,
        'x-nekode-tunnel-port': '1',
        'x-forwarded-for': '6.6.6.6',
        forwarded: 'for=6.6.6.6',
        'x-real-ip': '6.6.6.6',
        'x-secret-hop': 'a',
        connection: 'x-secret-hop',
        te: 'trailers',
        'proxy-authorization': 'Basic abc',
        origin: `http://${visitor.host}`,
      },
    })
    const headers = app.seen.at(-1)?.headers ?? {}
    expect(headers.cookie).toBe('theme=dark')
    expect(headers.origin).toBe(`http://localhost:${app.port}`)
    for (const name of [
      'authorization',
      'x-nekode-tunnel-port',
      'x-forwarded-for',
      'forwarded',
      'x-real-ip',
      'x-secret-hop',
      'te',
      'proxy-authorization',
    ])
      expect([name, headers[name]]).toEqual([name, undefined])
    expect(JSON.stringify(headers)).not.toContain(admin.token)
  })

  test('an application’s own login does reach it', async () => {
    await visitor.get('/echo', { authorization: 'Basic dXNlcjpwYXNz' })
    expect(app.seen.at(-1)?.headers.authorization).toBe('Basic dXNlcjpwYXNz')
  })

  test('what it sets stays in its own preview', async () => {
    const { headers } = await visitor.get('/cookies')
    expect(headers['set-cookie']).toEqual(['app=1; Path=/; HttpOnly'])
    expect(headers['clear-site-data']).toBeUndefined()
    expect(headers['x-app']).toBe('yes')
  })

  test('a redirection is the browser’s to follow, and stays in the preview', async () => {
    const { status, headers } = await visitor.get('/away')
    expect([status, headers.location]).toEqual([302, `http://${visitor.host}/echo?a=1`])
  })

  test('a compressed answer stays as it is', async () => {
    const response = await visitor.open('/zipped', { headers: { 'accept-encoding': 'gzip' } })
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    expect(response.headers['content-encoding']).toBe('gzip')
    expect(Bun.gunzipSync(new Uint8Array(Buffer.concat(chunks))).length).toBe(6000)
  })

  test('a large body goes up whole, with its length', async () => {
    const body = new Uint8Array(24 << 20)
    for (let i = 0; i < body.length; i += 4096) body[i] = i
    const { size, hash, length } = (await visitor.send('/count', { method: 'POST', body })).json()
    expect<unknown>({ size, hash, length }).toEqual({
      size: body.length,
      hash: new Bun.CryptoHasher('sha256').update(body).digest('hex'),
      length: String(body.length),
    })
  })

  test('methods, statuses and bodies are the application’s', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'POST']) {
      const answer = (await visitor.send('/echo', { method, body: 'a body' })).json()
      expect<unknown>([answer.method, answer.body]).toEqual([method, 'a body'])
    }
    expect((await visitor.get('/nowhere')).status).toBe(404)
    const head = await visitor.send('/echo', { method: 'HEAD' })
    expect([head.status, head.text]).toEqual([200, ''])
  })

  test('events come as they are sent, and a browser that goes away is told of', async () => {
    const stream = await visitor.open('/events')
    const seen: string[] = []
    const aborted = app.aborted
    for await (const chunk of stream) {
      seen.push(String(chunk))
      if (seen.join('').includes('data: 5\n')) break
    }
    expect(seen.length).toBeGreaterThan(1)
    stream.destroy()
    await settled('the application has heard', () => app.aborted > aborted)
  })

  test('an answer that is broken off is not taken for a whole one', async () => {
    using breaking = await breakingOff()
    const short = await Visitor.enter(admin, await open(breaking.port), server.port)
    await expect(short.get('/')).rejects.toThrow()
  })

  test('a port on which nobody listens is a gateway’s failure', async () => {
    using other = new Application()
    const { port } = other
    other[Symbol.dispose]()
    const shut = await Visitor.enter(admin, await open(port), server.port)
    const { status, text } = await shut.get('/')
    expect([status, text.includes(`Nothing listens on port ${port}`)]).toEqual([502, true])
  })
})

describe('backpressure', () => {
  test('who does not read holds up the application, and nobody else', async () => {
    const slow = await visitor.open('/endless')
    slow.pause()
    let before = -1
    await settled('the application is held up', () => {
      const still = app.sent === before && app.sent > 0
      before = app.sent
      return still
    })
    expect(app.sent).toBeLessThan(64 << 20)
    for (let i = 0; i < 20; i++) expect((await visitor.get('/echo')).status).toBe(200)
    slow.destroy()
  })
})

describe('WebSockets', () => {
  test('both ends hear each other, in pieces of any size', async () => {
    const socket = visitor.socket('/socket')
    const inbox = new Inbox(socket)
    expect(await inbox.next()).toBe('hello')
    expect(socket.protocol).toBe('chat')
    for (const text of ['a', 'b'.repeat(200), 'c'.repeat(70_000), 'ä'.repeat(1_000_000)]) {
      socket.send(text)
      expect((await inbox.next()) === text).toBe(true)
    }
    socket.send(new Uint8Array(300_000))
    expect(await inbox.next()).toBe('<300000>')
    socket.send('close')
    expect(await inbox.next()).toBe('closed 4000 as you wish')
  })

  test('an application hears that a browser is gone', async () => {
    const socket = visitor.socket('/socket')
    const inbox = new Inbox(socket)
    await inbox.next()
    const aborted = app.aborted
    socket.close()
    await settled('the application has heard', () => app.aborted > aborted)
  })

  test('a page elsewhere cannot open one with the preview’s cookie', async () => {
    const inbox = new Inbox(visitor.socket('/socket', { origin: 'http://evil.example' }))
    expect(await inbox.next()).toStartWith('closed 10')
  })

  test('an application that wants none says so itself', async () => {
    const { status } = await visitor.get('/nowhere', {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
    })
    expect(status).toBe(404)
  })
})

describe('who is let in', () => {
  test('nobody without a cookie: a page is sent to the console, a program is refused', async () => {
    const stranger = new Visitor(server.port, visitor.host)
    const page = await stranger.get('/echo?a=1', { accept: 'text/html' })
    expect([page.status, page.headers.location]).toEqual([
      303,
      `http://localhost:${server.port}/api/tunnels/${tunnel.id}/open?path=%2Fecho%3Fa%3D1`,
    ])
    expect((await stranger.get('/echo')).status).toBe(401)
  })

  test('a ticket is good once, and for its own preview', async () => {
    const other = await open(app.port, { accessPolicy: 'members', target: '#general' })
    const { url } = await admin.call('POST /api/tunnels/{id}/ticket', { params: { id: tunnel.id }, body: {} })
    const { host, pathname, search } = new URL(url)
    const elsewhere = new Visitor(server.port, new URL(other.url ?? '').host)
    expect((await elsewhere.get(pathname + search)).status).toBe(403)
    expect((await new Visitor(server.port, host).get(pathname + search)).status).toBe(403)
    elsewhere.cookie = visitor.cookie
    expect((await elsewhere.get('/echo')).status).toBe(401)
  })

  test('everybody where an admin made it public', async () => {
    const shown = await open(app.port, { accessPolicy: 'public' })
    const stranger = new Visitor(server.port, new URL(shown.url ?? '').host)
    expect((await stranger.get('/echo')).status).toBe(200)
    await admin.call('POST /api/tunnels/{id}/close', { params: { id: shown.id }, body: {} })
    expect((await stranger.get('/echo')).status).toBe(410)
  })

  test('no host of a preview is the console’s, whatever is asked of it', async () => {
    for (const path of ['/api/auth/me', '/health', '/nekode.daemon.v1.DaemonControlService/GetServerInfo'])
      expect((await visitor.get(path)).status).toBe(404)
    expect((await visitor.get('/.nekode/anything')).status).toBe(403)
    const unknown = new Visitor(server.port, `${'0'.repeat(32)}.localhost:${server.port}`)
    expect((await unknown.get('/health')).status).toBe(404)
  })

  test('closing ends what is open', async () => {
    const mine = await open(app.port, { accessPolicy: 'members', target: '#general' })
    const guest = await Visitor.enter(admin, mine, server.port)
    const stream = await guest.open('/events')
    const socket = guest.socket('/socket')
    const inbox = new Inbox(socket)
    await inbox.next()
    const cut = Promise.withResolvers<void>()
    stream.on('data', () => undefined)
    stream.on('error', () => undefined)
    stream.on('close', () => cut.resolve())
    await admin.call('POST /api/tunnels/{id}/close', { params: { id: mine.id }, body: { reason: 'done' } })
    await cut.promise
    expect(await inbox.next()).toBe('closed 4403 This preview has ended.')
    expect((await guest.get('/echo')).status).toBe(410)
  })
})

describe('hostile requests', () => {
  const ask = async (text: string): Promise<string> => {
    const socket = await visitor.raw()
    const { promise, resolve } = Promise.withResolvers<void>()
    let answer = ''
    socket.on('data', (data) => {
      answer += String(data)
      if (answer.includes('\r\n\r\n')) resolve()
    })
    socket.on('close', () => resolve())
    socket.on('error', () => resolve())
    socket.write(text)
    await promise
    socket.destroy()
    return answer.split('\r\n', 1)[0] ?? ''
  }

  test('an address of another host, or a port of the daemon’s own, is not reached', async () => {
    const count = app.seen.length
    const head = `Host: ${visitor.host}\r\nCookie: ${visitor.cookie}\r\n`
    await ask(`GET http://127.0.0.1:1/x HTTP/1.1\r\n${head}Connection: close\r\n\r\n`)
    await ask(`GET @127.0.0.1:1/ HTTP/1.1\r\n${head}Connection: close\r\n\r\n`)
    const own = await Visitor.enter(admin, await open(server.port), server.port)
    const refused = await own.get('/')
    expect([refused.status, refused.text.includes('Nekode')]).toEqual([403, true])
    for (const port of [22, 5432, 2375]) {
      const service = await Visitor.enter(admin, await open(port), server.port)
      expect([port, (await service.get('/')).status]).toEqual([port, 403])
    }
    expect(app.seen.slice(count).filter(({ headers }) => headers.host !== `localhost:${app.port}`)).toEqual([])
  })

  test('fields that would become more fields do not pass', async () => {
    const count = app.seen.length
    const line = await ask(
      `GET /echo HTTP/1.1\r\nHost: ${visitor.host}\r\nCookie: ${visitor.cookie}\r\nX-A: b\rX-Nekode-Tunnel-Port: 1\r\nConnection: close\r\n\r\n`,
    )
    const passed = app.seen.slice(count)
    expect(line.includes(' 400 ') || passed.every(({ headers }) => !('x-nekode-tunnel-port' in headers))).toBe(true)
  })

  test('two lengths, or a length beside chunks, smuggle no second request', async () => {
    const count = app.seen.length
    const start = `POST /echo HTTP/1.1\r\nHost: ${visitor.host}\r\nCookie: ${visitor.cookie}\r\n`
    await ask(`${start}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n`)
    await ask(`${start}Content-Length: 4\r\nContent-Length: 30\r\n\r\nabcdGET /smuggled HTTP/1.1\r\n\r\n`)
    expect(app.seen.slice(count).some(({ path }) => path.includes('smuggled'))).toBe(false)
  })

  test('an upload that is broken off is not taken for a whole one', async () => {
    const aborted = app.aborted
    const socket = await visitor.raw()
    const count = app.seen.length
    socket.write(
      `POST /count HTTP/1.1\r\nHost: ${visitor.host}\r\nCookie: ${visitor.cookie}\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(5000)}`,
    )
    await settled('the application is asked', () => app.seen.length > count)
    socket.destroy()
    await settled('the application has heard', () => app.aborted > aborted)
  })

  test('more than a preview may take is refused before it is read', async () => {
    const start = `POST /count HTTP/1.1\r\nHost: ${visitor.host}\r\nCookie: ${visitor.cookie}\r\n`
    expect(await ask(`${start}Content-Length: ${2 ** 31}\r\n\r\n`)).toContain(' 413 ')
  })
})

describe('when the daemon goes away', () => {
  test('what is under way fails with a reason, the tunnel stays, and what comes next waits for it', async () => {
    const held = net.createServer(() => undefined)
    await new Promise<void>((resolve) => held.listen(0, '127.0.0.1', resolve))
    const address = held.address()
    const quiet = await Visitor.enter(
      admin,
      await open(typeof address === 'object' ? (address?.port ?? 0) : 0),
      server.port,
    )
    const connected = new Promise<void>((resolve) => held.once('connection', () => resolve()))
    const waiting = quiet.get('/')
    await connected
    await daemon.killHard()
    const lost = await waiting
    expect([lost.status, lost.json().code]).toEqual([502, 'daemon_lost' as never])
    const refused = await visitor.get('/echo')
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '2'])
    const next = visitor.get('/echo')
    await daemon.start()
    // The daemon may need longer than one request waits.
    await eventually(async () => (await next).status === 200 || (await visitor.get('/echo')).status === 200, {
      seconds: 30,
      what: 'the preview is back',
    })
    const { state } = await admin.call('GET /api/tunnels/{id}', { params: { id: tunnel.id } })
    expect(state).toBe('active')
    held.close()
  }, 60_000)
})
