import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import http from 'node:http'
import net from 'node:net'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../setup/databases'
import { ADMIN, commandOf, enroll, eventually, inPlace, type Place, startServer } from './harness'

setDefaultTimeout(60_000)

/**
 * A forward proxy as companies have them: CONNECT and absolute addresses, a login, and a name (`nekode.test`) that only it can resolve. So
 * whatever reaches the server has gone through it.
 */
const asked: string[] = []
let refused = 0
const NAME = 'nekode.test'
const LOGIN = `Basic ${btoa('daemon:pa ss')}`

const proxy = http.createServer((request, response) => {
  if (!mayPass(request)) return void response.writeHead(407).end()
  const url = new URL(request.url ?? '')
  asked.push(`${request.method} ${url.pathname}`)
  const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = request.headers
  const onward = http.request({
    host: '127.0.0.1',
    port: url.port,
    path: url.pathname + url.search,
    method: request.method,
    headers,
  })
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  onward.on('error', () => response.destroy())
  request.pipe(onward)
})
proxy.on('connect', (request, client: net.Socket) => {
  client.on('error', () => client.destroy())
  if (!mayPass(request)) return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
  const [host, port] = (request.url ?? '').split(':')
  asked.push(`CONNECT ${host}`)
  const onward = net.connect(Number(port), '127.0.0.1', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    onward.pipe(client)
    client.pipe(onward)
  })
  onward.on('error', () => client.destroy())
})
function mayPass({ headers, url }: http.IncomingMessage): boolean {
  const isFine = headers['proxy-authorization'] === LOGIN && (url ?? '').includes(NAME)
  if (!isFine) refused++
  return isFine
}
let address: string

beforeAll(async () => {
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const at = proxy.address()
  address = `127.0.0.1:${typeof at === 'object' ? at?.port : ''}`
})
afterAll(() => void proxy.close())

/** Enrols through the proxy as the installer does, and starts the daemon. */
async function enrolled(
  place: Place,
  serverUrl: string,
  enrollment: { id: string; code: string },
  env: Record<string, string>,
  ...more: string[]
) {
  const home = join(place.dir, 'behind')
  const all = { NEKODE_HOME: home, HOME: home, NEKODE_LOCAL_PORT: 'none', ...env }
  const enrolling = place.start(
    [...commandOf('nekode-daemon'), 'enroll', '--server', serverUrl, '--enrollment', enrollment.id, '--json', ...more],
    { name: 'enroll', env: { ...all, NEKODE_ENROLL_CODE: decodeURIComponent(enrollment.code) } },
  )
  const code = await enrolling.exited
  expect([code, enrolling.output]).toEqual([0, expect.stringContaining('cmp_')])
  const { computerId } = JSON.parse(enrolling.output)
  const daemon = place.start([...commandOf('nekode-daemon'), 'run', '--log-format', 'text', '--log-level', 'debug'], {
    name: 'daemon',
    // As a service has it: without the variables of the terminal.
    env: { NEKODE_HOME: home, HOME: home, NEKODE_LOCAL_PORT: 'none' },
  })
  return { daemon, computerId: String(computerId) }
}

test('behind a proxy the daemon enrols, holds its session over HTTP/2, and its agents answer with their tools', () =>
  inPlace(async (place) => {
    const server = await startServer(place)
    const { call } = await server.admin()
    asked.length = 0
    const env = { HTTP_PROXY: `http://daemon:pa%20ss@${address}` }
    const url = `http://${NAME}:${server.port}`
    const { daemon, computerId } = await enrolled(place, url, await enroll(server, 'behind'), env)
    await daemon.line(/connected .*mode=h2/)
    const tools =
      'sed -n \'s/.*"url":"\\([^"]*\\)".*/\\1/p\' "$NEKODE_MCP_CONFIG" | xargs curl -s -o /dev/null -w "tools %{http_code}" -X POST'
    await call('POST /api/agents', {
      body: {
        name: 'ann',
        computerId,
        runtimeKind: 'custom',
        command: ['/bin/sh', '-c', `echo proxy $HTTP_PROXY; ${tools}`],
      },
    })
    const { message } = await call('POST /api/messages', { body: { target: '#general', content: '@ann go' } })
    const answer = await eventually(
      async () =>
        (await call('GET /api/messages', { query: { target: '#general', threadId: message.id } })).items.find(
          ({ content }) => content.includes('tools'),
        ),
      { what: 'the agent answers' },
    )
    expect(answer.content).toContain('tools 401')
    expect(answer.content).toContain(`@${address}`)
    expect(asked).toContain(
      `POST /api/daemon/enrollments/${(await call('GET /api/daemon/enrollments', {})).items[0]?.id}/redeem`,
    )
    expect(asked).toContain(`CONNECT ${NAME}`)
    expect(await daemon.stop()).toBe(0)
    expect(daemon.output).not.toContain('pa%20ss')
  }))

test('where only HTTP/1.1 gets through behind the proxy, the session is held over that', () =>
  inPlace(async (place) => {
    const server = await startServer(place)
    const { call } = await server.admin()
    // A reverse proxy that knows no HTTP/2, between the forward proxy and the server.
    const old = http.createServer((request, response) => {
      const { method, headers, url: path } = request
      const onward = http.request({ host: '127.0.0.1', port: server.port, path, method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      onward.on('error', () => response.destroy())
      response.on('close', () => onward.destroy())
      request.pipe(onward)
    })
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve))
    const at = old.address()
    const url = `http://${NAME}:${typeof at === 'object' ? at?.port : ''}`
    const env = { http_proxy: `http://daemon:pa%20ss@${address}` }
    const { daemon, computerId } = await enrolled(place, url, await enroll(server, 'behind'), env)
    await daemon.line(/connected .*mode=http\/1\.1/)
    await call('POST /api/agents', {
      body: { name: 'ann', computerId, runtimeKind: 'custom', command: ['/bin/sh', '-c', 'echo over the old way'] },
    })
    const { message } = await call('POST /api/messages', { body: { target: '#general', content: '@ann go' } })
    await eventually(
      async () =>
        (await call('GET /api/messages', { query: { target: '#general', threadId: message.id } })).items.some(
          ({ content }) => content === 'over the old way',
        ),
      { what: 'the agent answers' },
    )
    expect(await daemon.stop()).toBe(0)
    old.close()
  }))

test('behind a proxy the server is reached over TLS, and its certificate is checked', () =>
  inPlace(async (place) => {
    const cert = join(place.dir, 'cert.pem')
    const key = join(place.dir, 'key.pem')
    const made = Bun.spawnSync(
      `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${NAME}`
        .split(' ')
        .concat('-addext', `subjectAltName=DNS:${NAME},DNS:localhost`, '-keyout', key, '-out', cert),
    )
    expect(made.exitCode).toBe(0)
    const port = await freePort()
    const program = place.start(
      [
        ...commandOf('nekode'),
        'serve',
        '--addr',
        `127.0.0.1:${port}`,
        '--data-dir',
        join(place.dir, 'data'),
        '--no-local-daemon',
      ],
      {
        name: 'server',
        env: {
          NEKODE_TLS_CERT: cert,
          NEKODE_TLS_KEY: key,
          NEKODE_BOOTSTRAP_ADMIN_USERNAME: ADMIN.username,
          NEKODE_BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
        },
      },
    )
    const ca = readFileSync(cert, 'utf8')
    const ask = async (
      path: string,
      body?: unknown,
      token = '',
    ): Promise<{ token: string; enrollment: { id: string }; commands: { shell: string } }> => {
      const response = await fetch(`https://localhost:${port}${path}`, {
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
        tls: { ca },
      })
      return response.json()
    }
    await eventually(
      async () =>
        await ask('/ready')
          .then(() => true)
          .catch(() => false),
      {
        what: 'the server is ready',
        stop: () => program.ended,
      },
    )
    const { token } = await ask('/api/auth/login', { ...ADMIN, token: true })
    const { enrollment, commands } = await ask('/api/daemon/enrollments', { displayName: 'behind' }, token)
    const code = /[?&]code=([^&'"\s]+)/.exec(commands.shell)?.[1] ?? ''
    const env = { HTTPS_PROXY: `http://daemon:pa%20ss@${address}`, NEKODE_CA_FILE: cert }
    const { daemon } = await enrolled(
      place,
      `https://${NAME}:${port}`,
      { id: enrollment.id, code },
      env,
      '--ca-file',
      cert,
    )
    await daemon.line(/connected .*mode=h2/)
    expect(await daemon.stop()).toBe(0)
    // Without the authority nobody is spoken to.
    writeFileSync(cert, '')
    const strict = { ...env, NEKODE_HOME: join(place.dir, 'behind'), NEKODE_CA_FILE: '' }
    const once = place.start([...commandOf('nekode-daemon'), 'run', '--once'], { name: 'strict', env: strict })
    expect(await once.exited).not.toBe(0)
  }))

test('a proxy that wants a login is named as the reason, and its password never is', () =>
  inPlace(async (place) => {
    const server = await startServer(place)
    const home = join(place.dir, 'behind')
    const before = refused
    const env = {
      NEKODE_HOME: home,
      HTTP_PROXY: `http://daemon:geheim@${address}`,
      NEKODE_DAEMON_SERVER_URL: `http://${NAME}:${server.port}`,
      NEKODE_DAEMON_TOKEN: 'ndt_x',
    }
    const once = place.start([...commandOf('nekode-daemon'), 'run', '--once'], { name: 'once', env })
    expect(await once.exited).toBe(5)
    expect(once.output).toContain(`The proxy ${address} refuses the way to ${NAME}:${server.port} (407).`)
    expect(once.output).toContain('It wants a login')
    expect(once.output).not.toContain('geheim')
    expect(refused).toBeGreaterThan(before)
  }))
