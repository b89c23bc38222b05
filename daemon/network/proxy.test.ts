import { afterEach, expect, test } from 'bun:test'
import { createServer, type Server, type Socket } from 'node:net'
import { runtimeEnv } from '../runtimes/env'
import { bypassLoopback, connectThrough, proxyOf } from './proxy'

const P = 'http://proxy.example:3128'

test.each<[what: string, address: string, env: Record<string, string>, host: string | undefined]>([
  ['no proxy is named', 'https://nekode.example', {}, undefined],
  ['https by HTTPS_PROXY', 'https://nekode.example', { HTTPS_PROXY: P }, 'proxy.example:3128'],
  ['http by http_proxy', 'http://nekode.example', { http_proxy: P }, 'proxy.example:3128'],
  ['http not by HTTPS_PROXY', 'http://nekode.example', { HTTPS_PROXY: P }, undefined],
  ['both by ALL_PROXY', 'http://nekode.example', { ALL_PROXY: P }, 'proxy.example:3128'],
  ['a proxy without a scheme', 'https://nekode.example', { HTTPS_PROXY: 'proxy.example:3128' }, 'proxy.example:3128'],
  ['an empty variable', 'https://nekode.example', { HTTPS_PROXY: '' }, undefined],
  ['a WebSocket as its page', 'wss://nekode.example', { HTTPS_PROXY: P }, 'proxy.example:3128'],
  [
    'a name in NO_PROXY',
    'https://nekode.example',
    { HTTPS_PROXY: P, NO_PROXY: 'a.example, nekode.example' },
    undefined,
  ],
  ['a domain in NO_PROXY', 'https://rpc.nekode.example', { HTTPS_PROXY: P, no_proxy: '.nekode.example' }, undefined],
  [
    'another domain in NO_PROXY',
    'https://mynekode.example',
    { HTTPS_PROXY: P, NO_PROXY: 'nekode.example' },
    'proxy.example:3128',
  ],
  ['a port in NO_PROXY', 'https://nekode.example:8443', { HTTPS_PROXY: P, NO_PROXY: 'nekode.example:8443' }, undefined],
  [
    'another port in NO_PROXY',
    'https://nekode.example',
    { HTTPS_PROXY: P, NO_PROXY: 'nekode.example:8443' },
    'proxy.example:3128',
  ],
  ['all in NO_PROXY', 'https://nekode.example', { HTTPS_PROXY: P, NO_PROXY: '*' }, undefined],
  ['this computer', 'http://127.0.0.1:18790', { HTTP_PROXY: P }, undefined],
  ['this computer by its name', 'http://localhost:18790', { HTTP_PROXY: P }, undefined],
  ['this computer over IPv6', 'http://[::1]:18790', { HTTP_PROXY: P }, undefined],
])('%s', (_, address, env, host) => {
  expect(proxyOf(address, env)?.host).toBe(host)
})

test('a proxy of another kind is refused with what to do, and without its password', () => {
  const env = { HTTPS_PROXY: 'socks5://ann:geheim@proxy.example' }
  expect(() => proxyOf('https://nekode.example', env)).toThrow('is not an http:// or https:// address')
  expect(() => proxyOf('https://nekode.example', env)).not.toThrow('geheim')
})

test('agents reach the daemon past every proxy', () => {
  const env = runtimeEnv('claude', { PATH: '/bin', HTTPS_PROXY: P, no_proxy: 'intra.example' })
  expect(env).toMatchObject({ HTTPS_PROXY: P, NO_PROXY: 'intra.example,localhost,127.0.0.1,::1' })
  const without: Record<string, string | undefined> = { PATH: '/bin' }
  bypassLoopback(without)
  expect(without).toEqual({ PATH: '/bin' })
})

let server: Server | undefined
afterEach(() => void server?.close())

/** A proxy that says one thing. @returns its address, and what it was asked */
async function proxy(answer: (socket: Socket) => void, login = ''): Promise<{ url: URL; asked: string[] }> {
  const asked: string[] = []
  server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', (head) => {
      asked.push(head.toString())
      answer(socket)
    })
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const at = server.address()
  return { url: new URL(`http://${login}127.0.0.1:${typeof at === 'object' ? at?.port : ''}`), asked }
}

test('what comes after the answer of the proxy belongs to the connection', async () => {
  const { url, asked } = await proxy(
    (socket) => socket.write('HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nhello'),
    'ann:p%40ss@',
  )
  const socket = await connectThrough(url, 'https://nekode.example')
  const { promise, resolve } = Promise.withResolvers<string>()
  socket.once('data', (piece) => resolve(piece.toString()))
  socket.resume()
  expect(await promise).toBe('hello')
  socket.destroy()
  expect(asked[0]).toContain('CONNECT nekode.example:443 HTTP/1.1\r\nHost: nekode.example:443\r\n')
  expect(asked[0]).toContain(`Proxy-Authorization: Basic ${btoa('ann:p@ss')}`)
})

test.each([
  [
    'wants a login',
    'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n',
    'refuses the way to nekode.example:443 (407)',
  ],
  ['forbids it', 'HTTP/1.1 403 Forbidden\r\n\r\n', '(403)'],
  ['is none', 'SSH-2.0-OpenSSH\r\n\r\n', 'it is no HTTP'],
  ['talks without end', 'HTTP/1.1 200 '.padEnd(20_000, 'x'), 'too long'],
])('a proxy that %s is told by what it did', async (_, says, why) => {
  const { url } = await proxy((socket) => socket.write(says), 'ann:geheim@')
  const failure: unknown = await connectThrough(url, 'https://nekode.example').catch((error: unknown) => error)
  expect(String(failure)).toContain(why)
  expect(String(failure)).not.toContain('geheim')
})

test('a proxy that hangs up, or is not there, is told so', async () => {
  const { url } = await proxy((socket) => socket.end())
  expect(connectThrough(url, 'https://nekode.example')).rejects.toThrow('it closed the connection')
  await connectThrough(url, 'https://nekode.example').catch(() => undefined)
  server?.close()
  expect(connectThrough(new URL('http://127.0.0.1:1'), 'https://nekode.example')).rejects.toThrow('cannot be reached')
})
