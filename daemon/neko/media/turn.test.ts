import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createServer } from 'node:net'
import { type MediaOptions, MediaSession } from './session'
import { film, quiet, until } from './testing'
import { TestRoom, TestServer } from './testserver'
import type { IcePolicy } from './ice'

// ffmpeg makes the films first, on a machine that may have more to do.
setDefaultTimeout(60_000)

const TURN = Bun.which('turnserver')
const folder = mkdtempSync(join(tmpdir(), 'turn-'))
const small = await film('vp8', { each: 15, colours: ['red'] })
let turn: ReturnType<typeof Bun.spawn> | undefined
let port = 0

/** A port that nobody has, for UDP and TCP alike. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Whether something answers there: it takes connections. */
const listens = (port: number): Promise<boolean> =>
  Bun.connect({ hostname: '127.0.0.1', port, socket: { data: () => undefined } }).then(
    (socket) => {
      socket.end()
      return true
    },
    () => false,
  )

beforeAll(async () => {
  if (!TURN) return
  port = await freePort()
  const options = [
    '-n',
    '--listening-ip=127.0.0.1',
    '--relay-ip=127.0.0.1',
    `--listening-port=${port}`,
    '--lt-cred-mech',
  ]
  const users = ['--user=me:secret', '--realm=test', '--no-tls', '--no-dtls', '--no-cli', '--allow-loopback-peers']
  const files = ['--log-file=stdout', `--pidfile=${join(folder, 'pid')}`, `--userdb=${join(folder, 'db')}`]
  turn = Bun.spawn([TURN, ...options, ...users, ...files], { cwd: folder, stdout: 'ignore', stderr: 'ignore' })
  const end = Date.now() + 10_000
  while (!(await listens(port))) {
    if (Date.now() > end) throw new Error('the TURN server does not start')
    await Bun.sleep(20)
  }
})
afterAll(async () => {
  turn?.kill()
  await turn?.exited
  rmSync(folder, { recursive: true, force: true })
})

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

function begin(
  ice: IcePolicy,
  iceServers: { urls: string[]; username?: string; credential?: string }[],
  relay: boolean,
  more: Partial<MediaOptions> = {},
) {
  const room = new TestRoom()
  // 127.0.0.1 only: the relay is there, and reaches nothing else.
  const config = { iceUseIpv6: false }
  const neko = new TestServer(room, { film: small, iceServers, config })
  const media = new MediaSession(room, {
    ice,
    log: quiet,
    connection: {
      iceAdditionalHostAddresses: ['127.0.0.1'],
      iceUseIpv6: false,
      ...(relay ? { iceTransportPolicy: 'relay' } : {}),
    },
    ...more,
  })
  ends.push(async () => {
    await media.close()
    await neko.close()
  })
  media.start()
  return { room, neko, media }
}

const candidates = (room: TestRoom): string[] =>
  room.sent.filter(({ event }) => event === 'signal/candidate').map(({ payload }) => JSON.stringify(payload))

for (const transport of ['udp', 'tcp'] as const) {
  test.skipIf(!TURN)(
    `a TURN server that the room names is used over ${transport}`,
    async () => {
      const urls = [`turn:127.0.0.1:${port}?transport=${transport}`]
      const { media, room, neko } = begin({ policy: 'strict' }, [{ urls, username: 'me', credential: 'secret' }], true)
      const { planes } = await media.picture({ timeoutMs: 15_000 })
      expect(planes.width).toBe(small.width)
      expect(candidates(room).every((candidate) => candidate.includes('typ relay'))).toBe(true)
      expect(neko.pc?.iceTransports[0]?.connection.nominated?.remoteCandidate.host).toBe('127.0.0.1')
    },
    30_000,
  )

  test.skipIf(!TURN)(
    `one's own TURN server is used over ${transport} with the policy all, and not with strict`,
    async () => {
      const turn = { url: `turn:127.0.0.1:${port}?transport=${transport}`, user: 'me', pass: 'secret' }
      const open = begin({ policy: 'all', turn }, [], true)
      await open.media.picture({ timeoutMs: 15_000 })
      expect(candidates(open.room).every((candidate) => candidate.includes('typ relay'))).toBe(true)
      const strict = begin({ policy: 'strict', turn }, [], false)
      await strict.media.picture({ timeoutMs: 15_000 })
      expect(candidates(strict.room).some((candidate) => candidate.includes('typ relay'))).toBe(false)
    },
    60_000,
  )
}

/** A STUN server that counts what it is asked and never answers. What waits for it ends all the same. */
async function silentStun() {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const server = { url: `stun:127.0.0.1:${socket.address().port}`, questions: 0 }
  socket.on('message', () => void server.questions++)
  ends.push(async () => void socket.close())
  return server
}

test('a STUN server is asked when it is named, and no other one', async () => {
  const [theirs, mine] = [await silentStun(), await silentStun()]
  const named = begin({ policy: 'strict', stun: mine.url }, [{ urls: [theirs.url] }], false)
  await named.media.picture({ timeoutMs: 15_000 })
  expect(theirs.questions).toBeGreaterThan(0)
  expect(mine.questions).toBe(0)
  const open = begin({ policy: 'all', stun: mine.url }, [], false)
  await open.media.picture({ timeoutMs: 15_000 })
  expect(mine.questions).toBeGreaterThan(0)
})

test('without any server named, none is asked: not the one that werift falls back to', async () => {
  const { media } = begin({ policy: 'strict' }, [], false)
  await until(() => media.isConnected)
  const peer: unknown = Reflect.get(media, 'peer')
  const connection: unknown = Reflect.get(Object(peer), 'connection')
  const transports: { connection: { stunServer?: unknown } }[] = Reflect.get(Object(connection), 'iceTransports')
  expect(transports.map(({ connection }) => connection.stunServer)).toEqual(transports.map(() => undefined))
})

test('a TURN server that does not answer holds nothing up', async () => {
  const dead = createSocket('udp4').bind(0, '127.0.0.1')
  await once(dead, 'listening')
  const turn = { url: `turn:127.0.0.1:${dead.address().port}?transport=udp`, user: 'me', pass: 'secret' }
  const { media } = begin({ policy: 'all', turn }, [], false)
  // It gives up by itself after half a minute.
  await media.picture({ timeoutMs: 10_000 })
  dead.close()
})

// The last one: it ends the server.
test.skipIf(!TURN)('a TURN server that dies loses the connection, and nothing else', async () => {
  const urls = (transport: string) => [`turn:127.0.0.1:${port}?transport=${transport}`]
  const timing = { watch: 50, restart: 300, renew: 900 }
  const sessions = ['udp', 'tcp'].map((transport) =>
    begin({ policy: 'strict' }, [{ urls: urls(transport), username: 'me', credential: 'secret' }], true, { timing }),
  )
  await Promise.all(sessions.map(({ media }) => media.picture({ timeoutMs: 15_000 })))
  const lost = sessions.map(({ media }) => once(media, 'lost'))
  turn?.kill('SIGKILL')
  for (const [reason] of await Promise.all(lost)) expect(reason).not.toBe('')
})
