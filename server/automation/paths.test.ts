import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ErrorBody, api } from '@shared/contract'
import { type Caller, type TestServer, startTestServer } from '../testing'

/** The paths that an earlier chat server promised its users. */
const ROOMS = `
  GET /
  GET /health
  GET /api/chats
  GET /api/rooms
  POST /api/rooms
  GET /api/rooms/<room-id-or-name>/members
  GET /api/rooms/<room-id-or-name>/mentionables
  POST /api/rooms/<room-id-or-name>/agents
  POST /api/rooms/<room-id-or-name>/agents/<agent-key>/restart
  POST /api/rooms/<room-id-or-name>/topics
  GET /api/messages?chat=general&after=0&limit=50
  GET /api/messages/<id>
  POST /api/messages
  GET /api/inbox?agent=codex&after=0&limit=50
  POST /api/computers/provision
  POST /api/computers/connect
  POST /api/computers/<computer-id>/heartbeat
  GET /api/daemon/ws
  POST /api/daemons
  GET /api/deliveries?agent=codex&status=pending&limit=50
  POST /api/deliveries
  POST /api/deliveries/<delivery-id>/claim
  POST /api/deliveries/<delivery-id>/ack
  POST /api/deliveries/<delivery-id>/fail
  GET /api/agents
  POST /api/agents
  POST /api/agents/onboard
  PATCH /api/agents/<key>
  POST /api/agents/<key>/assignment
  GET /api/sessions
  POST /api/sessions
  GET /api/sessions/<session-id>/runs
  POST /api/sessions/<session-id>/runtime-session
  GET /api/runs
  POST /api/runs
  GET /api/runs/<id>
  POST /api/runs/<id>/pid
  POST /api/runs/<id>/finish
  POST /api/runs/<id>/kill
  POST /api/runs/<id>/restart
  GET /api/artifacts
  POST /api/artifacts
  POST /api/artifacts/cleanup
  POST /api/artifacts/<artifact-id>/revoke
  GET /api/workbench/artifacts
  POST /api/lark/reload`

/** The paths of an earlier Nekode server. */
const NEKODE = `
  GET /health
  GET /api/version
  GET /api/protocol
  GET /api/auth/setup-status
  GET /api/auth/init-status
  POST /api/auth/bootstrap
  POST /api/auth/init
  POST /api/auth/login
  POST /api/auth/logout
  GET /api/auth/me
  GET /api/im/providers
  GET /api/im/policies/effective
  GET /api/im/chat-auth-requests
  POST /api/im/chat-auth-requests/{id}/approve
  POST /api/im/chat-auth-requests/{id}/reject
  POST /api/im/chat-auth-requests/bind
  GET /api/im/chat-subscriptions
  PATCH /api/im/chat-subscriptions/{id}
  POST /api/im/telegram/{endpointID}/webhook
  POST /api/im/feishu/{endpointID}/callback
  GET /api/im/wecom/{endpointID}/callback
  POST /api/im/wecom/{endpointID}/callback
  GET /api/im/weixin/{endpointID}/callback
  POST /api/im/weixin/{endpointID}/callback
  GET /api/interaction-endpoints
  POST /api/interaction-endpoints
  PATCH /api/interaction-endpoints/{id}
  DELETE /api/interaction-endpoints/{id}
  POST /api/interaction-endpoints/{id}/test
  POST /api/interaction-endpoints/{id}/binding-sessions
  GET /api/interaction-endpoints/{id}/binding-sessions/{sessionID}
  POST /api/interaction-endpoints/{id}/binding-sessions/{sessionID}/cancel
  GET /api/notification-routes
  POST /api/notification-routes
  GET /api/notification-routes/resolve
  PATCH /api/notification-routes/{id}
  DELETE /api/notification-routes/{id}
  POST /api/attachments
  GET /api/attachments/{id}
  GET /api/attachments/{id}/content
  GET /api/channels
  POST /api/channels
  PATCH /api/channels/{target}
  DELETE /api/channels/{target}
  GET /api/channels/{target}/members
  POST /api/channels/{target}/members
  PATCH /api/channels/{target}/members/{kind}/{memberID}
  DELETE /api/channels/{target}/members/{kind}/{memberID}
  GET /api/messages
  GET /api/messages/search
  POST /api/messages
  GET /api/messages/saved
  POST /api/messages/{id}/save
  DELETE /api/messages/{id}/save
  GET /api/inbox/threads
  POST /api/inbox/threads/{threadID}/read
  POST /api/inbox/threads/read-all
  GET /api/tasks
  POST /api/tasks
  PATCH /api/tasks/{id}
  GET /api/tasks/{id}/comments
  POST /api/tasks/{id}/comments
  GET /api/tasks/{id}/timeline
  GET /api/reminders
  POST /api/reminders
  GET /api/reminders/{id}/log
  POST /api/reminders/{id}/cancel
  POST /api/reminders/{id}/snooze
  PATCH /api/reminders/{id}
  GET /api/channels/{target}/decisions
  POST /api/channels/{target}/decisions
  POST /api/decisions/{id}/vote
  POST /api/decisions/{id}/ratify
  POST /api/decisions/{id}/retire
  GET /api/decisions/{id}/votes
  GET /api/agent-runs
  GET /api/agent-runs/search
  GET /api/agent-runs/{id}
  GET /api/runtime-presets
  POST /api/tunnels
  GET /api/tunnels
  POST /api/tunnels/{id}/approve
  POST /api/tunnels/{id}/reject
  POST /api/tunnels/{id}/close
  GET /preview/{token}
  GET /api/daemon/info
  GET /api/daemon/inventory
  GET /api/daemon/agent-statuses
  GET /api/daemon/activity
  GET /api/daemon/runs
  GET /api/daemon/events
  POST /api/daemon/agents
  POST /api/daemon/agents/{agentID}/control
  POST /api/daemon/agents/{agentID}/messages
  POST /api/daemon/enrollments
  GET /api/daemon/enrollments/{id}
  POST /api/daemon/enrollments/{id}/revoke
  GET /api/daemon/enrollments/{id}/install.sh
  GET /api/daemon/enrollments/{id}/install.ps1
  GET /api/daemon/scripts/{upgrade,reinstall,uninstall}.{sh,ps1}
  GET /api/server-events
  GET /`

const listed = (paths: string): string[] => paths.trim().split(/\n\s*/)

interface Documented {
  path: string
  here: string[]
  /** What the server says to the path itself, when it is not served. */
  gone: 404 | 405 | undefined
}

const rows = new Map<string, Documented>()
let server: TestServer
let owner: Caller

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  const text = await Bun.file(new URL('../../docs/http-api.md', import.meta.url)).text()
  for (const [, path = '', here = '', why = ''] of text.matchAll(/^\| `([^`]+)` +\| (.*?) +\| (.*?) *\|$/gm)) {
    const last = /(?:^|[ .])(404|405)$/.exec(why)?.[1]
    rows.set(path, {
      path,
      here: [...here.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''),
      gone: last === '404' ? 404 : last === '405' ? 405 : undefined,
    })
  }
})
afterAll(() => server.stop())

test('the table has these paths and no others', () => {
  const all = [...new Set([...listed(ROOMS), ...listed(NEKODE)])]
  expect([...rows.keys()].toSorted()).toEqual(all.toSorted())
})

test('every route that the table leads to is one of the server’s', () => {
  const leads = [...rows.values()].flatMap((row) => row.here)
  expect(leads.filter((route) => !(route in api))).toEqual([])
  expect(leads.length).toBeGreaterThan(100)
})

const MISSING = 'The API has nothing at this address.'

/** What stands for a part of a path: it is there, or is an id of nothing. */
const filled = (path: string): string =>
  path
    .replace('{upgrade,reinstall,uninstall}.{sh,ps1}', 'upgrade.sh')
    .replace('<room-id-or-name>', 'general')
    .replace('{target}', 'general')
    .replace('{kind}', 'human')
    .replace(/[<{][\w-]+[>}]/g, 'xyz_0')

describe.each([...new Set([...listed(ROOMS), ...listed(NEKODE)])])('%s', (path) => {
  test('answers as the table says', async () => {
    const [method = '', address = ''] = path.split(' ')
    const body = method === 'GET' ? {} : { body: '{}', headers: { 'content-type': 'application/json' } }
    const abort = new AbortController()
    const response = await server.guest.fetch(filled(address), { method, ...body, signal: abort.signal })
    const json = (response.headers.get('content-type') ?? '').startsWith('application/json')
    const text = json ? await response.text() : ''
    abort.abort()
    const missing = response.status === 404 && text.includes(MISSING) ? 404 : undefined
    expect(missing ?? (response.status === 405 ? 405 : undefined)).toBe(rows.get(path)?.gone)
    if (response.status >= 400 && json) ErrorBody.parse(JSON.parse(text))
  })
})

test('the document of the API has every route, with who may call it', async () => {
  const document: { paths: Record<string, Record<string, { description: string; tags: string[] }>> } = await (
    await owner.fetch('/api/openapi.json')
  ).json()
  for (const key of Object.keys(api)) {
    const [method = '', path = ''] = key.split(' ')
    const operation = document.paths[path]?.[method.toLowerCase()]
    expect(operation?.description ?? key).toStartWith('For: ')
  }
  expect(document.paths['/api/messages']?.post).toMatchObject({
    requestBody: {
      content: { 'application/json': { schema: { properties: { room: {}, chat: {}, target: {}, mentions: {} } } } },
    },
  })
  expect(document.paths['/api/messages']?.get).toMatchObject({
    parameters: expect.arrayContaining([expect.objectContaining({ name: 'chat', in: 'query' })]),
  })
})
