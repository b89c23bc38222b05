import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Guest } from './testing'
import { TestDesktop } from './testing'

let desk: TestDesktop
let user: Guest
let admin: Guest

beforeAll(async () => {
  desk = await TestDesktop.start()
  user = await desk.login('user')
  admin = await desk.login('admin')
})
afterAll(() => desk.stop())

const form = (fields: Record<string, string>, files: string[]): FormData => {
  const made = new FormData()
  for (const [name, value] of Object.entries(fields)) made.set(name, value)
  for (const name of files) made.append('files', new File(['words'], name))
  return made
}

/** Who, what, and the status and message or body that come of it. They run in this order. */
type Scene = [who: 'user' | 'admin' | 'nobody', request: string, body: unknown, status: number, answer?: unknown]

const play = (scenes: Scene[]) =>
  test.each(scenes.map((scene) => [`${scene[0]} ${scene[1]} ${scene[3]}`, scene] as const))('%s', async (_, scene) => {
    const [who, request, body, status, answer] = scene
    const [method = '', path = ''] = request.split(' ')
    const at = path.replace('{user}', user.id).replace('{admin}', admin.id)
    const call = who === 'nobody' ? guest : (who === 'admin' ? admin : user).call
    const reply = await call(method, at, body)
    const text = await reply.text()
    expect([reply.status, text === '' ? undefined : jsonOf(text)]).toEqual([
      status,
      typeof answer === 'string' && status >= 400 ? { code: status, message: answer } : answer,
    ])
  })

const jsonOf = (text: string): unknown => (/^[{["\dtfn]/.test(text) ? JSON.parse(text) : text)
const guest: Guest['call'] = (method, path, body) =>
  fetch(`${desk.url}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })

describe('what is open to everybody', () => {
  play([
    ['nobody', 'GET /health', undefined, 200, true],
    ['nobody', 'GET /api/whoami', undefined, 401, 'Unauthorized'],
    ['nobody', 'GET /api/whoami?token=wrong', undefined, 401, 'Unauthorized'],
    ['nobody', 'GET /api/no-such-thing', undefined, 401, 'Unauthorized'],
    ['user', 'GET /api/health', undefined, 404, 'Not Found'],
    ['nobody', 'POST /api/login', undefined, 400, 'no data provided'],
    ['nobody', 'POST /api/login', [], 400, 'unable to parse provided data'],
    ['nobody', 'POST /api/login', { username: 'x', password: 'wrong' }, 401, 'Unauthorized'],
  ])
})

describe('sessions and members', () => {
  play([
    ['user', 'GET /api/members', undefined, 200, []],
    ['user', 'POST /api/members', { username: 'a', password: 'b' }, 403, 'session is not admin'],
    ['admin', 'POST /api/members', { password: 'b' }, 400, 'username cannot be empty'],
    ['admin', 'POST /api/members', { username: 'a' }, 400, 'password cannot be empty'],
    [
      'admin',
      'POST /api/members',
      { username: 'a', password: 'b' },
      500,
      'members are not kept: whoever has a password comes in under any name',
    ],
    ['admin', 'GET /api/members/{user}', undefined, 500, 'members are not kept: see the sessions'],
    ['admin', 'POST /api/members/nobody', { name: 'x' }, 404, 'member not found'],
    ['admin', 'POST /api/members/{user}/password', { password: 'x' }, 500, 'members have no password of their own'],
    ['admin', 'POST /api/members_bulk/update', { ids: ['x'], profile: {} }, 500, 'failed to update member x'],
    ['admin', 'POST /api/members_bulk/delete', { ids: ['x'] }, 500, 'failed to delete member x'],
    ['user', 'GET /api/sessions/{user}', undefined, 403, 'session is not admin'],
    ['admin', 'GET /api/sessions/nobody', undefined, 404, 'session not found'],
    ['admin', 'DELETE /api/sessions/{admin}', undefined, 400, 'cannot delete own session'],
    ['admin', 'DELETE /api/sessions/nobody', undefined, 400, 'session not found'],
    ['admin', 'POST /api/sessions/nobody/disconnect', undefined, 400, 'session not found'],
    ['admin', 'POST /api/sessions/{user}/disconnect', undefined, 204],
    ['user', 'POST /api/profile', { name: 'Anna', is_admin: true }, 200, true],
  ])

  test('a user may change nothing of the profile but the name, and everybody may see all sessions', async () => {
    const found = await (await user.call('GET', '/api/sessions')).json()
    expect(found).toContainEqual({
      id: user.id,
      profile: expect.objectContaining({ name: 'Anna', is_admin: false, can_see_inactive_cursors: false }),
      state: expect.objectContaining({ is_connected: false, is_watching: false }),
    })
    expect(await (await admin.call('GET', `/api/sessions/${admin.id}`)).json()).toMatchObject({
      id: admin.id,
      profile: { is_admin: true, can_see_inactive_cursors: true },
    })
  })
})

describe('the room', () => {
  const settings = {
    private_mode: false,
    locked_logins: false,
    locked_controls: false,
    control_protection: false,
    implicit_hosting: false,
    inactive_cursors: false,
    merciful_reconnect: true,
    heartbeat_interval: 10,
    plugins: null,
  }
  play([
    ['user', 'GET /api/room/settings', undefined, 403, 'session is not admin'],
    ['admin', 'GET /api/room/settings', undefined, 200, settings],
    ['user', 'POST /api/room/settings', {}, 403, 'session is not admin'],
    ['admin', 'POST /api/room/settings', { locked_logins: 'yes' }, 400, 'unable to parse provided data'],
    ['admin', 'POST /api/room/settings', { locked_logins: true, unknown: 1 }, 204],
    ['nobody', 'POST /api/login', { username: 'x', password: 'neko' }, 403, 'logins are locked'],
    ['admin', 'POST /api/room/settings', { locked_logins: false }, 204],
    ['admin', 'GET /api/room/settings', undefined, 200, settings],
    ['user', 'GET /api/room/broadcast', undefined, 403, 'session is not admin'],
    ['admin', 'GET /api/room/broadcast', undefined, 200, { is_active: false }],
    ['admin', 'POST /api/room/broadcast/start', {}, 400, 'missing broadcast URL'],
    ['admin', 'POST /api/room/broadcast/stop', undefined, 422, 'server is not broadcasting'],
    ['user', 'GET /api/room/screen', undefined, 200, { width: 1280, height: 720, rate: 30 }],
    ['user', 'POST /api/room/screen', { width: 800, height: 600, rate: 30 }, 403, 'session is not admin'],
    ['admin', 'POST /api/room/screen', { width: 1, height: 1, rate: 1 }, 422, 'cannot set screen size'],
    [
      'admin',
      'POST /api/room/screen',
      { width: 1283, height: 720, rate: 0 },
      200,
      { width: 1283, height: 720, rate: 0 },
    ],
    ['user', 'GET /api/room/screen', undefined, 200, { width: 1280, height: 720, rate: 60 }],
    ['user', 'GET /api/room/screen/configurations', undefined, 403, 'session is not admin'],
    [
      'admin',
      'GET /api/room/screen/configurations',
      undefined,
      200,
      [
        { width: 1280, height: 720, rate: 30 },
        { width: 1920, height: 1080, rate: 60 },
      ],
    ],
    ['user', 'GET /api/room/screen/shot.jpg', undefined, 403, 'session is not admin'],
    ['admin', 'GET /api/room/screen/shot.jpg?quality=55', undefined, 200, 'jpeg 55 of 1280x720'],
    ['admin', 'GET /api/room/screen/shot.jpg?quality=best', undefined, 200, 'jpeg 90 of 1280x720'],
    ['user', 'GET /api/room/screen/cast.jpg', undefined, 200, 'jpeg 60 of 1280x720'],
    ['user', 'POST /api/chat', { text: 'hello' }, 403, 'session is not admin'],
    ['admin', 'POST /api/chat', { text: 'hello' }, 204],
    ['user', 'POST /api/openinapp/openlink', { text: 'https://example.org' }, 403, 'openinapp is disabled'],
  ])
})

describe('control, the clipboard and the keyboard', () => {
  play([
    ['user', 'GET /api/room/control', undefined, 200, { has_host: false }],
    ['user', 'GET /api/room/clipboard', undefined, 403, 'session is not host'],
    ['user', 'POST /api/room/keyboard/map', { layout: 'de', variant: '' }, 403, 'session is not host'],
    ['user', 'GET /api/room/keyboard/map', undefined, 200, { layout: 'us', variant: '' }],
    ['user', 'POST /api/room/control/release', undefined, 422, 'session is not the host'],
    ['user', 'POST /api/room/control/take', undefined, 403, 'session is not admin'],
    ['user', 'POST /api/room/control/give/{user}', undefined, 403, 'session is not host or admin'],
    ['user', 'POST /api/room/control/request', undefined, 204],
    ['user', 'POST /api/room/control/request', undefined, 202, { code: 202, message: 'control request sent' }],
    ['admin', 'POST /api/room/control/request', undefined, 202, { code: 202, message: 'control request sent' }],
    ['admin', 'POST /api/room/settings', { implicit_hosting: true }, 204],
    ['admin', 'POST /api/room/control/request', undefined, 202, { code: 202, message: 'control request sent' }],
    ['admin', 'POST /api/room/settings', { implicit_hosting: false }, 204],
    ['user', 'GET /api/room/clipboard', undefined, 500, 'the clipboard holds no text'],
    ['user', 'GET /api/room/clipboard/image.png', undefined, 500, 'the clipboard holds no image'],
    ['user', 'POST /api/room/clipboard', { text: 'words' }, 204],
    ['user', 'GET /api/room/clipboard', undefined, 200, { text: 'words' }],
    ['user', 'POST /api/room/clipboard', { text: 'words', html: '<b>words</b>' }, 204],
    ['user', 'GET /api/room/clipboard', undefined, 200, { html: '<b>words</b>' }],
    ['user', 'POST /api/room/keyboard/map', { layout: 'de', variant: 'nodeadkeys' }, 204],
    ['user', 'GET /api/room/keyboard/map', undefined, 200, { layout: 'de', variant: 'nodeadkeys' }],
    ['user', 'POST /api/room/keyboard/map', { layout: 'none' }, 500, 'there is no such layout'],
    ['user', 'POST /api/room/keyboard/modifiers', { capslock: true, shift: null }, 204],
    [
      'user',
      'GET /api/room/keyboard/modifiers',
      undefined,
      200,
      {
        shift: false,
        capslock: true,
        control: false,
        alt: false,
        numlock: false,
        meta: false,
        super: false,
        altgr: false,
      },
    ],
    ['user', 'POST /api/room/control/give/nobody', undefined, 404, 'target session was not found'],
    ['user', 'POST /api/room/control/give/{admin}', undefined, 204],
    ['user', 'GET /api/room/control', undefined, 200, expect.objectContaining({ has_host: true })],
    ['admin', 'POST /api/members/{user}', { can_host: false, can_access_clipboard: false }, 204],
    ['admin', 'POST /api/room/control/give/{user}', undefined, 400, 'target session is not allowed to host'],
    ['user', 'GET /api/room/control', undefined, 403, 'session cannot host'],
    ['user', 'GET /api/room/clipboard', undefined, 403, 'session cannot access clipboard'],
    ['admin', 'POST /api/members/{user}', { can_host: true, can_access_clipboard: true, can_watch: false }, 204],
    ['user', 'GET /api/room/screen', undefined, 403, 'session cannot watch'],
    ['user', 'GET /api/room/screen/cast.jpg', undefined, 403, 'session cannot watch'],
    ['admin', 'POST /api/members/{user}', { can_watch: true }, 204],
    ['admin', 'POST /api/room/settings', { locked_controls: true }, 204],
    ['admin', 'POST /api/room/control/reset', undefined, 204],
    ['user', 'POST /api/room/control/request', undefined, 403, 'controls are locked'],
    ['admin', 'POST /api/room/settings', { locked_controls: false, private_mode: true }, 204],
    ['user', 'POST /api/room/control/request', undefined, 422, 'private mode is enabled'],
    ['user', 'GET /api/room/screen/cast.jpg', undefined, 200, 'jpeg 60 of 1280x720'],
    ['admin', 'POST /api/room/settings', { private_mode: false }, 204],
    ['admin', 'POST /api/room/control/take', undefined, 204],
    ['admin', 'POST /api/room/control/release', undefined, 204],
  ])
})

describe('files', () => {
  const told = 'without implicit hosting, only host can upload files'
  play([
    ['user', 'POST /api/room/upload/drop', form({ x: '1', y: '2' }, ['a.txt']), 403, told],
    ['user', 'POST /api/room/control/request', undefined, 204],
    ['user', 'POST /api/room/upload/drop', 'no form', 400, 'failed to parse multipart form'],
    ['user', 'POST /api/room/upload/drop', form({ y: '2' }, ['a.txt']), 400, 'no X coordinate received'],
    ['user', 'POST /api/room/upload/drop', form({ x: '1' }, ['a.txt']), 400, 'no Y coordinate received'],
    ['user', 'POST /api/room/upload/drop', form({ x: '1', y: '2' }, []), 400, 'no files received'],
    ['user', 'POST /api/room/upload/drop', form({ x: '1', y: '2' }, ['a.txt', 'b.txt']), 204],
    ['user', 'POST /api/room/upload/dialog', form({}, ['a.txt']), 422, 'file chooser dialog is not open'],
    ['user', 'DELETE /api/room/upload/dialog', undefined, 422, 'file chooser dialog is not open'],
    ['user', 'GET /api/filetransfer', undefined, 400, 'bad filename'],
    ['user', 'GET /api/filetransfer?filename=../x', undefined, 400, 'bad filename'],
    ['user', 'GET /api/filetransfer?filename=..', undefined, 400, 'bad filename'],
    ['user', 'GET /api/filetransfer?filename=%2Fetc%2Fpasswd', undefined, 400, 'bad filename'],
    ['user', 'GET /api/filetransfer?filename=none', undefined, 404, 'file not found'],
    ['user', 'POST /api/filetransfer', form({}, ['c.txt']), 200],
    ['user', 'GET /api/filetransfer?filename=c.txt', undefined, 200, 'words'],
    ['user', 'DELETE /api/filetransfer?filename=c.txt', undefined, 200],
    ['user', 'DELETE /api/filetransfer?filename=c.txt', undefined, 404, 'file not found'],
    ['admin', 'POST /api/room/settings', { plugins: { 'filetransfer.enabled': false } }, 204],
    ['user', 'POST /api/filetransfer', form({}, ['c.txt']), 403, 'file transfer is disabled'],
    ['admin', 'POST /api/room/settings', { plugins: null }, 204],
  ])

  test('what is dropped reaches the machine at that place', () => {
    expect(desk.machine.done).toContain('drop 1,2 a.txt b.txt')
  })

  test('a dialog that is open takes files, or is closed', async () => {
    desk.machine.openChooser(true)
    expect((await user.call('POST', '/api/room/upload/dialog', form({}, ['z.txt']))).status).toBe(204)
    desk.machine.openChooser(true)
    expect((await user.call('DELETE', '/api/room/upload/dialog')).status).toBe(204)
    expect(desk.machine.done.filter((one) => one.startsWith('choose'))).toEqual(['choose z.txt', 'choose '])
  })
})

describe('batch', () => {
  test('each request is answered as if it came alone, and a picture is refused', async () => {
    const reply = await admin.call('POST', '/api/batch', [
      { path: '/api/room/control', method: 'GET' },
      { path: '/api/room/control/take', method: 'POST' },
      { path: '/api/chat', method: 'POST', body: { text: 'x' } },
      { path: '/api/room/screen', method: 'POST', body: { width: 1, height: 1, rate: 1 } },
      { path: '/api/room/screen/shot.jpg', method: 'GET' },
      { path: '/health', method: 'GET' },
      { path: '/api/../health', method: 'GET' },
      { path: '/api/batch', method: 'POST', body: [] },
      { path: '/api/ws', method: 'GET' },
    ])
    const results: { status: number; body?: { message?: string } }[] = await reply.json()
    expect(results.map(({ status, body }) => [status, body?.message])).toEqual([
      [200, undefined],
      [204, undefined],
      [204, undefined],
      [422, 'cannot set screen size'],
      [500, 'this answer is no JSON'],
      [400, 'this path is not allowed in batch requests'],
      [400, 'this path is not allowed in batch requests'],
      [400, 'this path is excluded from batch requests'],
      [400, 'this path is excluded from batch requests'],
    ])
  })
})

test('the stats count those who are connected', async () => {
  const wire = await admin.connect()
  await wire.next('system/init')
  expect(await (await user.call('GET', '/api/stats')).json()).toMatchObject({ total_users: 0, total_admins: 1 })
  wire.close()
})

test('after a logout the token is worth nothing', async () => {
  const other = await desk.login('user', 'other')
  expect(await (await other.call('POST', '/api/logout')).text()).toBe('true')
  expect((await other.call('GET', '/api/whoami')).status).toBe(401)
})
