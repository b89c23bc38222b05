import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ApiError } from '@shared/contract/client'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, PASSWORD, type TestServer, startTestServer } from '../testing'

const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: unknown) => (error instanceof ApiError ? error.code : error),
  )

describe.each(storages.filter((s) => s.available).map((s) => [s.name, s] as const))('%s', (_, storage) => {
  let scratch: Scratch
  let server: TestServer
  let owner: Caller
  beforeAll(async () => {
    scratch = await storage.scratch()
    server = await startTestServer({ dsn: scratch.dsn })
    owner = await server.as('owner')
  }, 60_000)
  afterAll(async () => {
    await server.stop()
    await scratch.drop()
  })

  test('of owners who all step down at once one stays', async () => {
    const others = await Promise.all(['ada', 'bob', 'eve'].map((name) => server.as('member', name)))
    for (const { id } of others) await owner.call('PATCH /api/users/{id}', { params: { id }, body: { role: 'owner' } })
    const all = [owner, ...others]
    const step = (by: Caller) => by.call('PATCH /api/users/{id}', { params: { id: by.id }, body: { role: 'member' } })
    const results = await Promise.all(all.map((each) => outcome(step(each))))
    expect(results.toSorted()).toEqual(['done', 'done', 'done', 'last_owner'])
    const { q, t } = server.core.db
    const owners = (await q.select().from(t.users)).filter((u) => u.role === 'owner' && u.disabledAt === null)
    expect(owners).toHaveLength(1)
    const left = all.find(({ id }) => id === owners[0]?.id)
    if (left !== owner) await left?.call('PATCH /api/users/{id}', { params: { id: owner.id }, body: { role: 'owner' } })
  })

  test('of many who use one link at once one joins', async () => {
    const { code } = await owner.call('POST /api/invites', { body: {} })
    const join = (username: string) =>
      outcome(server.guest.call('POST /api/auth/join', { body: { code, username, password: PASSWORD } }))
    const results = await Promise.all(['one', 'two', 'three', 'four'].map(join))
    expect(results.toSorted()).toEqual(['code_invalid', 'code_invalid', 'code_invalid', 'done'])
  })

  test('of many who want one name at once one gets it, and the other links are as good as before', async () => {
    const codes = await Promise.all(
      Array.from({ length: 3 }, async () => (await owner.call('POST /api/invites', { body: {} })).code),
    )
    const join = (code: string, username: string) =>
      outcome(server.guest.call('POST /api/auth/join', { body: { code, username, password: PASSWORD } }))
    const results = await Promise.all(codes.map((code) => join(code, 'same')))
    expect(results.toSorted()).toEqual(['done', 'name_taken', 'name_taken'])
    const unused = codes.filter((_, i) => results[i] !== 'done')
    expect(await Promise.all(unused.map((code, i) => join(code, `other-${i}`)))).toEqual(['done', 'done'])
  })

  test('roles, second factors, links and the audit log are read back as they were written', async () => {
    const carol = await server.as('member', 'carol')
    const { secret } = await carol.call('POST /api/auth/second-factor', { body: { password: PASSWORD } })
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(await carol.call('GET /api/auth/second-factor')).toMatchObject({ enabled: false })
    await owner.call('POST /api/users/{id}/reset', { params: { id: carol.id } })
    await owner.call('DELETE /api/users/{id}', { params: { id: carol.id } })
    const { items } = await owner.call('GET /api/audit', { query: { subject: carol.id } })
    expect(items.map((i) => i.action)).toEqual(['user.remove', 'password.reset_link'])
    const text = await (await owner.fetch(`/api/audit/export?subject=${carol.id}`)).text()
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(items.toReversed())
  })
})
