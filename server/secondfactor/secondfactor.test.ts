import { afterAll, beforeAll, expect, test } from 'bun:test'
import { ApiError } from '@shared/contract/client'
import { type Caller, PASSWORD, type TestServer, startTestServer } from '../testing'
import { codeOf, stepAt } from './totp'

let server: TestServer
let admin: Caller
beforeAll(async () => {
  server = await startTestServer()
  admin = await server.as('admin')
})
afterAll(() => server.stop())

const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: unknown) => (error instanceof ApiError ? error.code : error),
  )
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const bytesOf = (secret: string) => {
  const bits = [...secret].map((c) => BASE32.indexOf(c).toString(2).padStart(5, '0')).join('')
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2))
}
const login = (username: string, code?: string) =>
  outcome(
    server.guest.call('POST /api/auth/login', {
      body: { username, password: PASSWORD, ...(code === undefined ? {} : { code }) },
    }),
  )

/** A person with a second factor, and its code `steps` from now. The present one is used up by the enrolment; the next is good already. */
async function enrolled(name: string) {
  const caller = await server.as('member', name)
  const { secret } = await caller.call('POST /api/auth/second-factor', { body: { password: PASSWORD } })
  const code = (steps: number) => codeOf(bytesOf(secret), stepAt(Date.now()) + steps)
  const { recoveryCodes } = await caller.call('POST /api/auth/second-factor/confirm', { body: { code: code(0) } })
  return { caller, secret, code, recoveryCodes }
}

test('with a second factor the password alone is not enough, and a code is taken once', async () => {
  const { code, secret, recoveryCodes } = await enrolled('ada')
  expect(new Set(recoveryCodes).size).toBe(10)
  expect(await login('ada')).toBe('second_factor_required')
  expect(await login('ada', '000000')).toBe('second_factor_invalid')
  const now = code(1)
  expect(await login('ada', now)).toBe('done')
  expect(await login('ada', now)).toBe('second_factor_invalid')
  const stored = JSON.stringify(await server.core.db.q.select().from(server.core.db.t.secondFactors))
  for (const kept of [secret, ...recoveryCodes]) expect(stored).not.toContain(kept)
})

test('of two logins with the same code at once one comes in', async () => {
  const { code } = await enrolled('bea')
  const same = code(1)
  expect((await Promise.all([login('bea', same), login('bea', same)])).toSorted()).toEqual([
    'done',
    'second_factor_invalid',
  ])
})

test('a recovery code works once, however it is written', async () => {
  const { recoveryCodes, caller } = await enrolled('cleo')
  const [first = '', second = ''] = recoveryCodes
  expect(await login('cleo', first)).toBe('done')
  expect(await login('cleo', first)).toBe('second_factor_invalid')
  expect(await login('cleo', second.toUpperCase().replaceAll('-', ' '))).toBe('done')
  expect(await caller.call('GET /api/auth/second-factor')).toMatchObject({ enabled: true, recoveryCodesLeft: 8 })
})

test('guessing codes is slowed down', async () => {
  await enrolled('dora')
  const results: unknown[] = []
  for (let i = 0; i < 7; i++) results.push(await login('dora', '000000'))
  expect(results.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'second_factor_invalid'))
  expect(results.at(-1)).toBe('throttled')
})

test('it does not count before its first code, and needs the password to begin', async () => {
  const eve = await server.as('member', 'eve')
  const begin = (password: string) => eve.call('POST /api/auth/second-factor', { body: { password } })
  expect(await outcome(begin('wrong password'))).toBe('login_failed')
  await begin(PASSWORD)
  expect(await login('eve')).toBe('done')
  const confirm = eve.call('POST /api/auth/second-factor/confirm', { body: { code: '000000' } })
  expect(await outcome(confirm)).toBe('second_factor_invalid')
  expect(await eve.call('GET /api/auth/second-factor')).toEqual({
    enabled: false,
    enabledAt: null,
    recoveryCodesLeft: 0,
  })
})

test('switching it on ends the other sessions; switching it off needs password and code', async () => {
  const fay = await server.as('member', 'fay')
  const body = { username: 'fay', password: PASSWORD, token: true }
  const { token } = await server.guest.call('POST /api/auth/login', { body })
  const { caller, code } = await enrolled('fay')
  expect((await server.guest.fetch('/api/auth/me', { headers: { authorization: `Bearer ${token}` } })).status).toBe(401)
  expect((await fay.fetch('/api/auth/me')).status).toBe(200)
  expect(await outcome(caller.call('POST /api/auth/second-factor', { body: { password: PASSWORD } }))).toBe(
    'second_factor_on',
  )
  const disable = (password: string, c: string) =>
    outcome(caller.call('POST /api/auth/second-factor/disable', { body: { password, code: c } }))
  expect(await disable(PASSWORD, '000000')).toBe('second_factor_invalid')
  expect(await disable('not the password', code(1))).toBe('login_failed')
  expect(await disable(PASSWORD, code(1))).toBe('done')
  expect(await login('fay')).toBe('done')
})

test('new recovery codes replace the old ones', async () => {
  const { caller, code, recoveryCodes } = await enrolled('gia')
  const fresh = await caller.call('POST /api/auth/second-factor/recovery-codes', {
    body: { password: PASSWORD, code: code(1) },
  })
  expect(await login('gia', recoveryCodes[0])).toBe('second_factor_invalid')
  expect(await login('gia', fresh.recoveryCodes[0])).toBe('done')
})

test('an admin switches off what somebody has lost, and the audit log says so', async () => {
  const { caller } = await enrolled('hal')
  await admin.call('DELETE /api/users/{id}/second-factor', { params: { id: caller.id } })
  expect(await login('hal')).toBe('done')
  const { items } = await server.core.audit.list({ subject: caller.id, action: 'second_factor.*' })
  expect(items.map((i) => [i.action, i.actor.id])).toEqual([
    ['second_factor.reset', admin.id],
    ['second_factor.enable', caller.id],
  ])
  expect(await outcome(admin.call('DELETE /api/users/{id}/second-factor', { params: { id: caller.id } }))).toBe(
    'not_found',
  )
})
