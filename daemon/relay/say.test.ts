import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeAccount } from '@shared/cli/account'
import { createApiClient } from '@shared/contract/client'
import { createSay, type Say } from './say'

const AGENT = { id: 'agt_1', name: 'coder' }

let home: string
let server: Bun.Server<undefined>
let posts: { token: string | null; body: unknown }[]
let refusal: Response | undefined
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nekode-say-'))
  posts = []
  refusal = undefined
  server = Bun.serve({
    port: 0,
    async fetch(request) {
      const token = request.headers.get('authorization')
      const { pathname } = new URL(request.url)
      if (refusal) return refusal
      if (pathname === '/api/agents') return Response.json({ items: [] })
      if (pathname === '/api/users') return Response.json({ items: [{ id: 'usr_1', username: 'ann' }] })
      posts.push({ token, body: await request.json() })
      return Response.json({ message: { id: 'msg_1' }, deliveries: [] }, { status: 201 })
    },
  })
})
afterEach(async () => {
  await server.stop(true)
  rmSync(home, { recursive: true })
})

const url = () => `http://127.0.0.1:${server.port}`
const env = (more = {}) => ({ NEKODE_HOME: home, ...more })

/** As in the daemon, with the agent's token in the place of what the server gives. */
const sayWith = (given: Record<string, string | undefined>): Say =>
  createSay({
    env: given,
    findAgent: async (text) => (text === AGENT.name ? AGENT : undefined),
    calls: {
      api: async (id, make) =>
        make(createApiClient({ baseUrl: url(), headers: () => ({ authorization: `Bearer nat_${id}` }) })),
    },
  })

test('an agent of this computer says it, in a channel or to a person, with the key that makes it once', async () => {
  const say = sayWith(env())
  const saying = { as: 'coder', content: 'done', requestId: 'job-1' }
  expect(await say({ ...saying, target: 'general', threadId: 'msg_0' })).toEqual({ messageId: 'msg_1' })
  await say({ ...saying, target: '@ann' })
  expect(posts).toEqual([
    {
      token: 'Bearer nat_agt_1',
      body: { target: '#general', content: 'done', requestId: 'job-1', threadId: 'msg_0' },
    },
    { token: 'Bearer nat_agt_1', body: { target: 'dm:agt_1+usr_1', content: 'done', requestId: 'job-1' } },
  ])
})

test('without an agent the person who is logged in says it', async () => {
  await writeAccount(env(), { server: url(), token: 'nus_ann' })
  await sayWith(env())({ target: '#general', content: 'hello', requestId: 'r' })
  await sayWith(env({ NEKODE_SERVER_URL: url(), NEKODE_TOKEN: 'nup_bot' }))({
    target: 'x',
    content: 'y',
    requestId: 'r',
  })
  expect(posts.map(({ token }) => token)).toEqual(['Bearer nus_ann', 'Bearer nup_bot'])
})

test.each<[string, { as?: string }, object]>([
  [
    'nobody is logged in',
    {},
    { kind: 'unauthenticated', code: 'nobody_to_speak', next: expect.stringContaining('login') },
  ],
  ['the agent is not of this computer', { as: 'stranger' }, { kind: 'not_found', code: 'agent_unknown' }],
])('when %s, that is said and nothing is sent', async (_, who, error) => {
  await expect(sayWith(env())({ ...who, target: 'x', content: 'y', requestId: 'r' })).rejects.toMatchObject(error)
  expect(posts).toEqual([])
})

test.each<[string, () => void | Promise<void>, object]>([
  ['refuses the login', () => refuse(401), { kind: 'unauthenticated', next: 'Log in again: nekode login' }],
  ['refuses the message', () => refuse(403), { kind: 'forbidden', code: 'why', next: 'do' }],
  ['is overtaxed', () => refuse(503), { kind: 'unavailable' }],
  ['is away', () => server.stop(true), { kind: 'unavailable', code: 'unreachable' }],
])('a server that %s is told as that', async (_, make, error) => {
  await writeAccount(env(), { server: url(), token: 'nus_ann' })
  await make()
  await expect(sayWith(env())({ target: 'x', content: 'y', requestId: 'r' })).rejects.toMatchObject(error)
})

function refuse(status: number): void {
  refusal = Response.json({ error: 'no', code: 'why', next: 'do' }, { status })
}
