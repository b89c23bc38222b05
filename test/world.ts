import { type Role, type Scope, api } from '@shared/contract'
import { newId } from '@shared/ids'
import { createLogger } from '@shared/log'
import { Hono } from 'hono'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ComputerPrincipal, UserPrincipal } from '../server/access/principal'
import { artifactRoutes } from '../server/artifacts/routes'
import { Artifacts } from '../server/artifacts/service'
import { computerRoutes } from '../server/computers/routes'
import { Computers } from '../server/computers/service'
import { createCore } from '../server/core'
import type { LogEvent } from '../server/db/database'
import { migrate } from '../server/db/migrate'
import { openDatabase } from '../server/db/open'
import { enrollmentRoutes } from '../server/enrollment/routes'
import { Enrollments } from '../server/enrollment/service'
import { onError } from '../server/http/errors'
import { router } from '../server/http/route'
import { type Storage, storages } from './storages'

export interface Answer {
  status: number
  text: string
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of it is its own assertion
  body: any
  headers: Headers
  /** `kind operation audience`, as committed during the call. */
  events: string[]
}

export type World = Awaited<ReturnType<typeof createWorld>>

/** Computers and enrollment with nothing else around them, on a clock that tests set. */
export async function createWorld(storage: Storage = storages[0]!) {
  const scratch = await storage.scratch()
  const folder = mkdtempSync(join(tmpdir(), 'nekode-world-'))
  const db = await openDatabase(scratch.dsn)
  await migrate(db)
  const log = createLogger({ level: 'error' })
  const core = await createCore(db, log, newId('srv'))
  const clock = { ms: 1_800_000_000_000 }
  const now = (): number => clock.ms
  const computers = new Computers({ ...core, now })
  await computers.load()
  const enrollments = new Enrollments({ ...core, computers, now })
  const artifacts = new Artifacts({
    dataDir: join(folder, 'data'),
    programDir: join(folder, 'bin'),
    version: '1.2.3',
    log,
  })

  const events: LogEvent[] = []
  db.onCommit((more) => void events.push(...more))
  const take = (): LogEvent[] => events.splice(0)

  const app = new Hono({ strict: true })
  const { credentials, limits } = core
  const { mount } = router(app, { credentials, limits, addressOf: () => '192.0.2.1', checkResponses: true })
  computerRoutes(mount, computers)
  enrollmentRoutes(mount, enrollments, {
    publicUrl: (c) => new URL(c.req.url).origin,
    daemonUrl: undefined,
    release: { version: '1.2.3' },
  })
  artifactRoutes(mount, artifacts)
  app.onError(onError(log))

  const user = async (role: Role, scopes: Scope[] = ['read', 'write', 'admin']) => {
    const id = newId('usr')
    const token = await db.tx(async (tx) => {
      const username = `${role}-${id.slice(-12)}`
      const row = {
        id,
        username,
        displayName: role,
        passwordHash: '',
        role,
        disabledAt: null,
        createdAt: 0,
        updatedAt: 0,
      }
      await tx.insert(db.t.users, row)
      return (await core.credentials.issue(tx, { kind: 'api', ownerId: id, name: 'test', scopes })).token
    })
    await core.directory.load()
    const principal = await core.credentials.resolve(token)
    if (principal.kind !== 'user') throw new Error('not a user')
    return { token, principal } satisfies { token: string; principal: UserPrincipal }
  }

  const computer = async (token: string): Promise<ComputerPrincipal> => {
    const principal = await core.credentials.resolve(token)
    if (principal.kind !== 'computer') throw new Error('not a computer')
    return principal
  }

  const call = async (route: string, as: string | undefined, body?: unknown): Promise<Answer> => {
    const [method = '', path = ''] = route.split(' ')
    take()
    const response = await app.request(`http://nekode.test:18790${path}`, {
      method,
      headers: {
        ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return {
      status: response.status,
      text,
      body: isJson ? JSON.parse(text) : undefined,
      headers: response.headers,
      events: take().map((e) => `${e.kind} ${e.operation} ${e.audience}`),
    }
  }

  return {
    core,
    db,
    folder,
    clock,
    computers,
    enrollments,
    artifacts,
    user,
    computer,
    call,
    take,
    /** Rows of every table that a refused call must leave as they are. */
    state: async () => ({
      computers: await db.q.select().from(db.t.computers),
      enrollments: await db.q.select().from(db.t.enrollments),
      operations: await db.q.select().from(db.t.operations),
      credentials: (await db.q.select().from(db.t.credentials)).map((row) => Object.assign(row, { lastUsedAt: null })),
      head: await db.head(),
    }),
    /** A computer that is let in, and its token. */
    enrolled: async (by: UserPrincipal, displayName = 'Mill') => {
      const { enrollment, code } = await enrollments.create(by, { displayName })
      return { enrollment, code, ...(await enrollments.redeem(enrollment.id, { code, hostname: 'mill.local' })) }
    },
    close: async () => {
      await db.close()
      await scratch.drop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Keys of the route table that start with one of these. */
export const routesBelow = (...prefixes: string[]): string[] =>
  Object.keys(api).filter((key) => prefixes.some((prefix) => key.split(' ')[1]?.startsWith(prefix)))
