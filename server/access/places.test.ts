import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { ErrorBody, api } from '@shared/contract'
import { COLUMNS, type Column, type Den, createDen } from '../../test/fixtures/den'
import { type TestServer, startTestServer } from '../testing'

/*
 * Who may do what with what is in a private channel. The matrix of roles beside this one says what kind of caller a route is for;
 * here everybody asks for something that is really there, with a request that makes sense, from inside and from outside.
 */

setDefaultTimeout(60_000)

/** Status by column. `ok`: let through to what the request is about. The admin is outside: only what is public is theirs unasked. */
const RULES = {
  //                  nobody viewer m.out m.in a.out a.in c.oth c.own endp. admin
  read: /*         */ '401   404    404   ok   404   ok   403   403   403   404',
  'read by people': ' 401   404    404   ok   403   403  403   403   403   404',
  'read, computers too': '401 404  404   ok   404   ok   404   ok    403   404',
  /** A computer takes part in no channel. */
  'read like a member': ' 401 404  404   ok   404   ok   404   404   403   404',
  write: /*        */ '401   403    404   ok   404   ok   403   403   403   404',
  'write by people': '401   403    404   ok   403   403  403   403   403   404',
  /** For whoever made it, or was asked for it. */
  'write by its author': '401 403   404   403  404   403  403   403   403   404',
  'write by its author, computers too': '401 403 404 403 404 403 404  404   403   404',
  /** A closer circle of its members. */
  'write by its admins': '401 403 404 403 403 403 403 403 403 404',
  /** For admins of the channel; and nobody lets themselves into a private one. */
  manage: /*       */ '401   404    404   403  403   403  403   403   403   404',
  /** Everybody of the right kind is answered, with what they may see. */
  list: /*         */ '401   ok     ok    ok   ok    ok   403   403   403   ok',
  'list for people': '401   ok     ok    ok   403   403  403   403   403   ok',
  'list, computers too': '401 ok   ok    ok   ok    ok   ok    ok    403   ok',
} as const
type Rule = keyof typeof RULES

const IN_CHANNEL: Record<Rule, string> = {
  read: `
    GET /api/channels/{target}
    GET /api/channels/{target}/members
    GET /api/channels/{target}/pins
    GET /api/channels/{target}/decisions
    GET /api/channels/{target}/coordination
    GET /api/rooms/{room}/members
    GET /api/rooms/{room}/mentionables
    GET /api/rooms/{room}/topics
    GET /api/channels/{target}/topics
    GET /api/messages/{id}
    GET /api/messages/{id}/edits
    GET /api/threads/{id}
    GET /api/runs/{id}
    GET /api/runs/{id}/steps
    GET /api/runs/{id}/steps/{stepId}
    GET /api/approvals/{id}
    GET /api/tasks/{id}
    GET /api/tasks/{id}/comments
    GET /api/tasks/{id}/timeline
    GET /api/tasks/{id}/claims
    GET /api/tasks/{id}/graph
    GET /api/tasks/{id}/splits
    GET /api/tasks/{id}/gate
    GET /api/decisions/{id}
    GET /api/decisions/{id}/votes
    GET /api/decisions/{id}/chain
    GET /api/coordination/{id}
    GET /api/reminders/{id}
    GET /api/reminders/{id}/log
    GET /api/messages?target=%23den
    GET /api/threads?target=%23den
    GET /api/tasks?target=%23den
    GET /api/tasks/board?target=%23den
    GET /api/runs?target=%23den
    GET /api/reminders?target=%23den
    GET /api/attachments?target=%23den
    GET /api/search?q=x&target=%23den
    GET /api/messages/search?q=x&target=%23den
    GET /api/events?target=%23den
    GET /api/server-events?target=%23den
    GET /api/attachments/{id}
    GET /api/attachments/{id}/content
    GET /api/attachments/{id}/preview
    POST /api/attachments/{id}/link
    PUT /api/threads/{id}/follow
    DELETE /api/threads/{id}/follow
    POST /api/messages/{id}/save`,
  'read by people': `
    PUT /api/channels/{target}/notifications
    POST /api/channels/{target}/read
    POST /api/channels/{target}/unread
    POST /api/inbox/threads/{threadId}/read
    POST /api/inbox/tasks/{taskId}/read`,
  'read like a member': `
    GET /api/artifacts?target=%23den
    GET /api/artifacts/{id}
    POST /api/artifacts/{id}/link`,
  'read, computers too': `
    GET /api/agent-runs/{id}
    GET /api/agent-runs/{id}/events
    GET /api/agent-runs/{id}/replay
    GET /api/memory/{id}`,
  write: `
    POST /api/messages
    POST /api/messages/{id}/decision
    PUT /api/messages/{id}/reactions/{emoji}
    DELETE /api/messages/{id}/reactions/{emoji}
    PUT /api/messages/{id}/pin
    DELETE /api/messages/{id}/pin
    POST /api/tasks
    PATCH /api/tasks/{id}
    POST /api/tasks/{id}/comments
    POST /api/tasks/{id}/claim
    POST /api/tasks/{id}/claim/renew
    POST /api/tasks/{id}/claim/release
    POST /api/tasks/graph
    PATCH /api/tasks/{id}/graph
    POST /api/tasks/{id}/splits
    POST /api/tasks/{id}/evidence
    POST /api/tasks/{id}/release
    POST /api/channels/{target}/decisions
    POST /api/rooms/{room}/topics
    POST /api/channels/{target}/topics
    POST /api/decisions/{id}/vote
    POST /api/decisions/{id}/supersede
    POST /api/channels/{target}/coordination
    POST /api/coordination/{id}/counter
    POST /api/reminders
    POST /api/decisions/{id}/ratify
    POST /api/coordination/{id}/decision`,
  'write by people': `
    POST /api/channels/{target}/typing
    PUT /api/tasks/{id}/gate
    POST /api/tasks/{id}/gate/waiver
    POST /api/runs/{id}/actions
    POST /api/runs/{id}/kill
    POST /api/runs/{id}/restart
    POST /api/deliveries/{id}/retry
    POST /api/approvals/{id}/decision`,
  'write by its author, computers too': `
    POST /api/artifacts/{id}/revoke`,
  'write by its author': `
    PATCH /api/messages/{id}
    POST /api/decisions/{id}/retire
    POST /api/decisions/{id}/withdraw
    POST /api/reminders/{id}/cancel
    POST /api/reminders/{id}/snooze
    PATCH /api/reminders/{id}
    POST /api/tasks/{id}/reviews
    DELETE /api/messages/{id}
    DELETE /api/attachments/{id}`,
  manage: `
    PATCH /api/channels/{target}
    DELETE /api/channels/{target}
    POST /api/channels/{target}/join
    POST /api/channels/{target}/members
    PATCH /api/channels/{target}/members/{kind}/{memberId}
    DELETE /api/channels/{target}/members/{kind}/{memberId}`,
  'write by its admins': `
    POST /api/decisions/{id}/reject`,
  list: `
    GET /api/channels
    GET /api/rooms
    GET /api/chats
    GET /api/agents
    GET /api/search?q=canary
    GET /api/messages/search?q=canary
    GET /api/threads
    GET /api/tasks
    GET /api/tasks/board
    GET /api/runs
    DELETE /api/messages/{id}/save
    GET /api/sessions
    GET /api/reminders
    GET /api/messages/saved
    GET /api/events`,
  'list for people': `
    GET /api/approvals
    GET /api/inbox
    GET /api/inbox/threads
    GET /api/snapshot
    GET /api/usage
    GET /api/usage?by=channel
    GET /api/task-views
    GET /api/drafts`,
  'list, computers too': `
    GET /api/agent-runs
    GET /api/agent-runs/search?q=canary
    GET /api/daemon/activity
    GET /api/deliveries
    GET /api/tunnels
    GET /api/artifacts
    GET /api/workbench/artifacts`,
}

/** About the caller, about people, computers, endpoints or the server: what kind of caller they are for is all there is to it, or tests
 * of their own say the rest. */
const ELSEWHERE = `
  GET /health
  GET /ready
  GET /metrics
  GET /api/version
  GET /api/server/status
  GET /api/protocol
  GET /api/openapi.json
  GET /api/docs
  GET /api/auth/setup-status
  POST /api/auth/bootstrap
  POST /api/auth/login
  POST /api/auth/logout
  GET /api/auth/me
  POST /api/reminders/preview
  GET /api/agents/{id}/screen
  GET /api/auth/sessions
  DELETE /api/auth/sessions/{id}
  DELETE /api/auth/sessions
  POST /api/auth/password
  GET /api/tokens
  POST /api/tokens
  DELETE /api/tokens/{id}
  GET /api/users
  GET /api/users/removed
  PATCH /api/users/{id}
  DELETE /api/users/{id}
  POST /api/users/{id}/restore
  GET /api/users/{id}/sessions
  DELETE /api/users/{id}/sessions
  DELETE /api/users/{id}/sessions/{session}
  DELETE /api/users/{id}/second-factor
  POST /api/users
  GET /api/invites
  POST /api/invites
  DELETE /api/invites/{id}
  POST /api/users/{id}/reset
  POST /api/auth/ticket
  POST /api/auth/join
  POST /api/auth/reset
  GET /api/auth/second-factor
  POST /api/auth/second-factor
  POST /api/auth/second-factor/confirm
  POST /api/auth/second-factor/recovery-codes
  POST /api/auth/second-factor/disable
  GET /api/auth/oidc
  GET /api/auth/oidc/start
  POST /api/auth/oidc/link
  GET /api/auth/oidc/callback
  POST /api/channels
  POST /api/dms
  POST /api/inbox/mark-all
  POST /api/inbox/{id}
  POST /api/inbox/threads/read-all
  PUT /api/drafts
  GET /api/presence
  POST /api/presence
  GET /api/push
  PUT /api/push
  DELETE /api/push
  POST /api/push/test
  PUT /api/push/focus
  POST /api/attachments
  GET /api/attachments/usage
  GET /api/attachments/{id}/thumbnail
  GET /api/attachments/{id}/file
  POST /api/uploads
  GET /api/uploads/{id}
  PATCH /api/uploads/{id}
  DELETE /api/uploads/{id}
  PUT /api/uploads/{id}/content
  POST /api/artifacts
  GET /api/artifacts/{id}/open
  GET /api/artifacts/{id}/view
  POST /api/artifacts/cleanup
  POST /api/rooms
  POST /api/rooms/{room}/agents
  POST /api/rooms/{room}/agents/{agent}/restart
  POST /api/computers/provision
  POST /api/agents/onboard
  POST /api/agents/{agent}/assignment
  POST /api/computers/connect
  POST /api/computers/{id}/heartbeat
  POST /api/deliveries/{id}/claim
  POST /api/deliveries/{id}/ack
  POST /api/deliveries/{id}/fail
  GET /api/sessions/{id}/runs
  GET /api/daemon/info
  GET /api/runtime-presets
  POST /api/tasks/bulk
  POST /api/task-views
  PATCH /api/task-views/{id}
  DELETE /api/task-views/{id}
  POST /api/tasks/{id}/splits/{splitId}/apply
  DELETE /api/tasks/{id}/splits/{splitId}
  POST /api/agents
  GET /api/agents/{id}
  GET /api/agents/{id}/settings
  PATCH /api/agents/{id}
  DELETE /api/agents/{id}
  PUT /api/agents/{id}/env
  POST /api/agents/{id}/control
  POST /api/agents/{id}/messages
  GET /api/computers
  GET /api/computers/{id}
  PATCH /api/computers/{id}
  DELETE /api/computers/{id}
  POST /api/computers/{id}/refresh
  POST /api/computers/{id}/runtimes/{kind}/install
  GET /api/daemon/enrollments
  POST /api/daemon/enrollments
  GET /api/daemon/enrollments/{id}
  POST /api/daemon/enrollments/{id}/revoke
  GET /api/daemon/enrollments/{id}/install.sh
  GET /api/daemon/enrollments/{id}/install.ps1
  POST /api/daemon/enrollments/{id}/redeem
  POST /api/daemon/agents/{id}/token
  GET /api/daemon/scripts/{name}
  GET /api/daemon/release
  GET /api/daemon/artifacts/{name}
  GET /api/ws
  GET /api/interaction-endpoints/providers
  GET /api/im/providers
  GET /api/interaction-endpoints
  GET /api/interaction-endpoints/{id}
  POST /api/interaction-endpoints
  PATCH /api/interaction-endpoints/{id}
  DELETE /api/interaction-endpoints/{id}
  POST /api/interaction-endpoints/{id}/test
  POST /api/interaction-endpoints/{id}/secret
  POST /api/interaction-endpoints/{id}/token
  POST /api/webhooks/{endpointId}
  GET /api/notification-routes
  GET /api/notification-routes/resolve
  POST /api/notification-routes
  PATCH /api/notification-routes/{id}
  DELETE /api/notification-routes/{id}
  GET /api/outbound-deliveries
  POST /api/outbound-deliveries/{id}/retry
  GET /api/audit
  GET /api/audit/export
  GET /api/backup
  POST /api/tunnels
  GET /api/tunnels/{id}
  POST /api/tunnels/{id}/approve
  POST /api/tunnels/{id}/reject
  POST /api/tunnels/{id}/close
  POST /api/tunnels/{id}/extend
  POST /api/tunnels/{id}/ticket
  GET /api/tunnels/{id}/open
  GET /api/agents/{id}/workspace/tree
  GET /api/agents/{id}/workspace/file
  GET /api/agents/{id}/workspace/image
  POST /api/coordination/{id}/response
  GET /api/agents/{id}/memory
  PUT /api/agents/{id}/memory
  DELETE /api/memory/{id}
  GET /api/channels/{target}/topics/{number}
  PATCH /api/channels/{target}/topics/{number}
  GET /api/agent/inbox
  POST /api/agent/inbox/{id}/decline
  GET /api/debates
  POST /api/debates
  GET /api/debates/{id}
  POST /api/debates/{id}/pause
  POST /api/debates/{id}/resume
  POST /api/debates/{id}/stop`

/** A request that makes sense, for addresses that need one. */
const BODIES: Record<string, object> = {
  'POST /api/messages': { target: '#den', content: 'hi' },
  'PATCH /api/messages/{id}': { content: 'changed' },
  'POST /api/tasks': { target: '#den', summary: 'task' },
  'PATCH /api/tasks/{id}': { summary: 'changed' },
  'POST /api/tasks/{id}/comments': { content: 'hi' },
  'POST /api/tasks/{id}/claim/renew': { leaseId: 'lease_0' },
  'POST /api/tasks/{id}/claim/release': { leaseId: 'lease_0' },
  'POST /api/tasks/graph': { target: '#den', root: { summary: 'root' }, subtasks: [] },
  'POST /api/tasks/{id}/splits': { parts: [{ clientId: '1', summary: 'part' }] },
  'POST /api/tasks/{id}/evidence': { summary: 'done' },
  'POST /api/tasks/{id}/reviews': { verdict: 'approved' },
  'PUT /api/tasks/{id}/gate': { requiredChecks: [] },
  'POST /api/tasks/{id}/gate/waiver': { reason: 'because' },
  'PUT /api/channels/{target}/notifications': { level: 'nothing' },
  'POST /api/runs/{id}/actions': { action: 'interrupt' },
  'POST /api/channels/{target}/decisions': { title: 'decide', body: 'this' },
  'POST /api/rooms/{room}/topics': { title: 'talk' },
  'POST /api/channels/{target}/topics': { title: 'talk' },
  'POST /api/messages/{id}/decision': { title: 'decide', body: 'this' },
  'POST /api/decisions/{id}/vote': { decision: 'approve' },
  'POST /api/decisions/{id}/supersede': { title: 'decide', body: 'that' },
  'POST /api/channels/{target}/coordination': {
    record: { kind: 'deadline_negotiation', proposedDeadlineAt: 2_000_000_000_000, reason: 'tests' },
  },
  'POST /api/coordination/{id}/counter': { reason: 'sooner', proposedDeadlineAt: 1_900_000_000_000 },
  'POST /api/reminders': { target: '#den', title: 'remember', delaySeconds: 3600 },
  'PATCH /api/reminders/{id}': { title: 'changed' },
  'POST /api/reminders/{id}/snooze': { delaySeconds: 60 },
  'POST /api/approvals/{id}/decision': { allow: true },
  'POST /api/coordination/{id}/decision': { accept: true },
  'PATCH /api/channels/{target}/members/{kind}/{memberId}': { role: 'admin' },
  'POST /api/channels/{target}/members': { kind: 'agent', memberId: 'agent_0' },
}

let server: TestServer
let den: Den

beforeAll(async () => {
  server = await startTestServer()
  den = await createDen(server)
})
afterAll(() => server.stop())

/** The address with something in the place of each of its names. */
async function fill(path: string): Promise<string> {
  let filled = path.replace('{target}', '%23den').replace('{room}', '%23den').replace('{emoji}', '%F0%9F%91%8D')
  filled = filled.replace('{kind}', 'human').replace('{memberId}', den.keeper.id)
  if (filled.includes('{stepId}')) {
    const { runId, stepId } = await den.make.steps()
    return filled.replace('{id}', runId).replace('{stepId}', stepId)
  }
  const kind = /^\/api\/([\w-]+)\//.exec(path)?.[1] ?? ''
  if (filled.includes('{taskId}')) filled = filled.replace('{taskId}', await den.make.tasks())
  if (filled.includes('{threadId}')) filled = filled.replace('{threadId}', await den.make.threads())
  if (filled.includes('{id}')) {
    const make: unknown = Reflect.get(den.make, kind)
    if (typeof make !== 'function') throw new Error(`there is nothing to put into ${path}`)
    filled = filled.replace('{id}', String(await make()))
  }
  return filled
}

const REFUSED = new Set([401, 403, 404])

/** The status of a refusal, `ok` for anything else. */
async function ask(column: Column, key: string, path: string, own: object): Promise<string> {
  const [method = ''] = key.split(' ')
  const body = JSON.stringify({ ...BODIES[key], ...own })
  const init = method === 'GET' ? {} : { method, body, headers: { 'content-type': 'application/json' } }
  const response = await den.callers[column].fetch(path, init)
  if (!REFUSED.has(response.status)) {
    // The request has to have come as far as the rule that is tested here.
    if (response.status === 400) return `400 ${await response.text()}`
    await response.body?.cancel()
    return 'ok'
  }
  ErrorBody.parse(await response.json())
  return String(response.status)
}

const rows = Object.entries(IN_CHANNEL).flatMap(([rule, text]) =>
  text
    .trim()
    .split(/\n\s*/)
    .filter(Boolean)
    .map((line) => ({ rule: rule as Rule, line, key: line.replace(/\?.*/, '') })),
)

test('every route has a row', () => {
  const elsewhere = ELSEWHERE.trim().split(/\n\s*/)
  const listed = new Set([...rows.map(({ key }) => key), ...elsewhere])
  expect([...listed].toSorted()).toEqual(Object.keys(api).toSorted())
})

describe.each(rows)('$line ($rule)', ({ rule, line, key }) => {
  const expected = RULES[rule].trim().split(/\s+/)

  test.each(COLUMNS.map((column, i) => [column, expected[i]] as const))('%s: %s', async (column, verdict) => {
    const path = await fill(line.slice(line.indexOf(' ') + 1))
    const own = /^POST \/api\/channels\/\{target\}\/(un)?read$/.test(key)
      ? { messageId: await den.make.messages() }
      : {}
    const before = await server.events()
    expect(await ask(column, key, path, own)).toBe(verdict!)
    if (verdict !== 'ok') expect(await server.events()).toBe(before)
  })
})
