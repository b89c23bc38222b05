import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { commandOf, inPlace, startServer } from './harness'

test(
  'a server that is started on nothing prints a code that makes the first admin, once',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place, { fresh: true })
      const guest = server.guest()
      const setupCode = await server.setupCode()
      const body = { username: 'ada', password: 'correct horse battery', token: true }
      expect(
        guest.call('POST /api/auth/bootstrap', { body: { ...body, setupCode: 'nope-nope-nope' } }),
      ).rejects.toMatchObject({ status: 403 })
      const session = await guest.call('POST /api/auth/bootstrap', { body: { ...body, setupCode } })
      expect(session.user).toMatchObject({ username: 'ada', role: 'owner' })
      expect(
        guest.call('POST /api/auth/bootstrap', { body: { ...body, username: 'eve', setupCode } }),
      ).rejects.toMatchObject({ status: 409, code: 'already_initialized' })
    }),
  30_000,
)

test(
  'what was written before a restart is there after it, and the session goes on',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      const admin = await server.admin()
      const { message } = await admin.call('POST /api/messages', {
        body: { target: '#general', content: 'still here' },
      })
      expect(await server.stop()).toBe(0)
      await server.start()
      const { items } = await admin.call('GET /api/messages', { query: { target: '#general' } })
      expect(items.map((m) => [m.id, m.content])).toEqual([[message.id, 'still here']])
    }),
  30_000,
)

test(
  'a port in use is an error with its own exit code',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      const second = place.start([
        ...commandOf('nekode'),
        'serve',
        '--addr',
        `127.0.0.1:${server.port}`,
        '--data-dir',
        `${place.dir}/other`,
        '--no-local-daemon',
      ])
      expect(await second.exited).toBe(3)
      expect(second.output).toContain(`127.0.0.1:${server.port}`)
    }),
  30_000,
)

test(
  'a database that a newer version used is refused with its own exit code, and not changed',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      await server.stop()
      const { Database } = await import('bun:sqlite')
      const file = new Database(`${server.dataDir}/nekode.db`)
      file.run(`insert into _migrations values ('9999_future.sql', 'h', 1)`)
      file.close()
      const again = place.start([
        ...commandOf('nekode'),
        'serve',
        '--addr',
        '127.0.0.1:0',
        '--data-dir',
        server.dataDir,
        '--no-local-daemon',
      ])
      expect(await again.exited).toBe(4)
      expect(again.output).toContain('9999_future.sql')
    }),
  30_000,
)

test(
  'a connection that sends half a request does not keep the server from stopping',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      const socket = connect(server.port, '127.0.0.1')
      await new Promise((resolve) => socket.once('connect', resolve))
      socket.write('POST /api/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf')
      await Bun.sleep(50)
      expect(await server.stop()).toBe(0)
      socket.destroy()
    }),
  30_000,
)
