import { afterAll, beforeAll, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { rpcClient } from '../../test/fixtures/rpc'
import { SYSTEM } from '../access/principal'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.as('owner')
})
afterAll(() => server.stop())

/** What has ended within a second is told by its end; a test that waits for longer says so. */
const within = <T>(what: Promise<T>): Promise<T | 'still open'> =>
  Promise.race([what, Bun.sleep(1000).then(() => 'still open' as const)])

/** An open stream, and what tells that it is over. */
type Opened = { over: Promise<unknown> }

async function overSse(caller: Caller): Promise<Opened> {
  const response = await caller.fetch('/api/server-events')
  expect(response.status).toBe(200)
  const reader = response.body!.getReader()
  await reader.read()
  const drain = async (): Promise<string> => {
    while (!(await reader.read()).done);
    return 'over'
  }
  return { over: drain() }
}

async function overSocket(caller: Caller): Promise<Opened> {
  // Headers are Bun's own option, which the types of browsers do not have.
  const options = { headers: { authorization: `Bearer ${caller.token}` } } as unknown as string[]
  const before = server.core.hub.readers
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/ws`, options)
  const over = new Promise((resolve) => socket.addEventListener('close', ({ code }) => resolve(`closed ${code}`)))
  while (server.core.hub.readers === before) await Bun.sleep(1)
  return { over }
}

async function overRpc(caller: Caller): Promise<Opened> {
  const frames = rpcClient(server.url, caller.token).subscribeActivity({})[Symbol.asyncIterator]()
  await frames.next()
  const drain = async (): Promise<string> => {
    while (!(await frames.next()).done);
    return 'over'
  }
  return { over: drain().catch((error: Error) => error.message) }
}

const revoke = (kind: 'session' | 'api' | 'agent' | 'computer') => async (who: Caller) => {
  const { credentials, db } = server.core
  await db.tx((tx) => credentials.revoke(tx, { kind, ownerId: who.id }))
}
let made = 0
const person = (): Promise<Caller> => server.as('member', `person-${++made}`)

/** Somebody is disabled, as an admin of another replica may do it. */
async function disable(who: Caller): Promise<void> {
  const { db, directory } = server.core
  const { users } = db.t
  await db.tx(async (tx) => {
    await tx.q.update(users).set({ disabledAt: Date.now() }).where(eq(users.id, who.id))
    const user = directory.user(who.id)!
    tx.emit({
      kind: 'user',
      operation: 'updated',
      aggregateId: who.id,
      audience: 'admin',
      actor: SYSTEM,
      payload: user,
    })
  })
}

/** Somebody loses a role, and with it what their streams showed. */
async function demote(who: Caller): Promise<void> {
  const { db, directory } = server.core
  const { users } = db.t
  await db.tx(async (tx) => {
    await tx.q.update(users).set({ role: 'viewer' }).where(eq(users.id, who.id))
    const user = directory.user(who.id)!
    tx.emit({
      kind: 'user',
      operation: 'updated',
      aggregateId: who.id,
      audience: 'admin',
      actor: SYSTEM,
      payload: user,
    })
  })
}

const expiring = async (): Promise<Caller> => {
  const who = await person()
  const { credentials, db } = server.core
  const { token } = await db.tx((tx) =>
    credentials.issue(tx, {
      kind: 'session',
      ownerId: who.id,
      name: 's',
      csrf: 'c',
      // Long enough to open the stream with it.
      expiresAt: Date.now() + 60_000,
    }),
  )
  const fetch: Caller['fetch'] = (path, init) =>
    server.guest.fetch(path, { ...init, headers: { authorization: `Bearer ${token}` } })
  return { ...who, token, fetch }
}

const endings: [what: string, make: () => Promise<Caller>, end: (who: Caller) => Promise<void>][] = [
  ['a session that is ended', person, revoke('session')],
  ['an API token that is revoked', () => server.apiToken('read'), revoke('api')],
  ['an agent whose token is revoked', () => server.agent(), revoke('agent')],
  ['a computer whose token is revoked', () => server.computer(), revoke('computer')],
  ['somebody who is disabled', person, disable],
  ['somebody who loses a role', () => server.as('admin', `admin-${++made}`), demote],
  ['a session that expires', expiring, async () => server.core.credentials.expire(Date.now() + 61_000)],
]

test.each(endings)('every stream of %s is over within a second', async (_, make, end) => {
  const who = await make()
  // A computer has its own stream only.
  const isComputer =
    server.core.directory.user(who.id) === undefined && server.core.directory.agent(who.id) === undefined
  const ways = isComputer ? [overRpc] : [overSse, overSocket, overRpc]
  const open = await Promise.all(ways.map((way) => way(who)))
  await end(who)
  const ends = await within(Promise.all(open.map(({ over }) => over)))
  expect(ends).not.toBe('still open')
  expect(ends).toHaveLength(ways.length)
})

test('a client that reads nothing is cut off all the same when its token is revoked', async () => {
  const who = await person()
  const closed = Promise.withResolvers<void>()
  let reads = true
  const before = server.core.hub.readers
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port: server.port,
    socket: {
      open: (s) =>
        void s.write(`GET /api/server-events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${who.token}\r\n\r\n`),
      data: (s) => {
        if (reads) s.pause()
        reads = false
      },
      close: () => closed.resolve(),
    },
  })
  while (server.core.hub.readers === before) await Bun.sleep(1)
  const payload = { id: 'act_0', agentId: 'agent_0', kind: 'test', message: 'x'.repeat(20_000) }
  for (let i = 0; i < 20; i++)
    await server.core.db.tx(async (tx) => {
      for (let k = 0; k < 50; k++)
        tx.emit({
          kind: 'activity',
          operation: 'created',
          aggregateId: 'act_0',
          audience: 'all',
          actor: SYSTEM,
          payload,
        })
    })
  await revoke('session')(who)
  expect(server.core.hub.readers).toBe(before)
  expect(server.core.limits.streams).toBe(0)
  socket.resume()
  await closed.promise
})
