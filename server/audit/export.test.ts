import { afterAll, beforeAll, expect, test } from 'bun:test'
import { SYSTEM } from '../access/principal'
import { type Caller, type TestServer, startTestServer } from '../testing'
import { csvCell } from './export'

let server: TestServer
let admin: Caller
beforeAll(async () => {
  server = await startTestServer()
  admin = await server.as('admin')
})
afterAll(() => server.stop())

const record = (action: string, subject: string, name = 'nekode') =>
  server.core.db.tx((tx) => server.core.audit.record(tx, { by: { ...SYSTEM, name }, action, subject }))

test.each([
  ['plain', '"plain"'],
  ['say "hi", twice', '"say ""hi"", twice"'],
  ['=HYPERLINK("http://x")', '"\'=HYPERLINK(""http://x"")"'],
  ['+1', '"\'+1"'],
  ['-1', '"\'-1"'],
  ['@SUM(A1)', '"\'@SUM(A1)"'],
  ['\t=1', '"\'\t=1"'],
  ['  =1', '"\'  =1"'],
  ['two\nlines', '"two\nlines"'],
  ['', '""'],
])('the cell %j is %j', (text, cell) => {
  expect(csvCell(text)).toBe(cell)
})

test('filters narrow the list down, and a page of it goes on with the same filter', async () => {
  for (let i = 0; i < 3; i++) await record('door.open', 'front')
  await record('door.close', 'front')
  await record('doors.open', 'front')
  await record('door.open', 'back')
  const actions = async (query: Record<string, string | number>) =>
    (await admin.call('GET /api/audit', { query })).items.map((i) => `${i.action} ${i.subject}`)
  expect(await actions({ action: 'door.*', subject: 'front' })).toEqual([
    'door.close front',
    ...Array.from({ length: 3 }, () => 'door.open front'),
  ])
  expect(await actions({ action: 'door.open', subject: 'back', actor: 'system' })).toEqual(['door.open back'])
  expect(await actions({ action: 'door.open', actor: 'usr_nobody' })).toEqual([])
  const first = await admin.call('GET /api/audit', { query: { action: 'door.open', limit: 2 } })
  const next = await admin.call('GET /api/audit', {
    query: { action: 'door.open', limit: 2, cursor: first.nextCursor ?? '' },
  })
  expect([first.items.length, next.items.length, next.nextCursor]).toEqual([2, 2, undefined])
  const { createdAt } = next.items[1] ?? { createdAt: 0 }
  expect(await actions({ action: 'door.*', until: createdAt })).toEqual([])
  expect((await actions({ action: 'door.*', since: createdAt })).length).toBe(5)
})

test.each(['action=Door', 'action=a.b.c', 'since=x', 'limit=0', 'format=xml'])('refuses ?%s', async (query) => {
  const path = query.startsWith('format') ? '/api/audit/export' : '/api/audit'
  expect((await admin.fetch(`${path}?${query}`)).status).toBe(400)
})

test('the export has every row once, oldest first, and says in the log that it was made', async () => {
  for (let i = 0; i < 1203; i++) await record('bulk.row', String(i))
  const response = await admin.fetch('/api/audit/export?action=bulk.*')
  expect(response.headers.get('content-type')).toBe('application/x-ndjson')
  const lines = (await response.text()).trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line).subject)).toEqual(Array.from({ length: 1203 }, (_, i) => String(i)))
  const [latest] = (await server.core.audit.list({ limit: 1 })).items
  expect(latest).toMatchObject({ action: 'audit.export', actor: { id: admin.id }, detail: { action: 'bulk.*' } })
})

test('a CSV export lets no spreadsheet run what somebody called themselves', async () => {
  await record('csv.row', '=cmd', '=1+1')
  const response = await admin.fetch('/api/audit/export?format=csv&action=csv.row')
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  expect(response.headers.get('content-disposition')).toContain('nekode-audit.csv')
  const [, line = ''] = (await response.text()).split('\r\n')
  expect(line).toContain(`"'=1+1","csv.row","'=cmd"`)
})

test('what is older than it is kept goes, and the log says how much', async () => {
  const { db, audit } = server.core
  const old = {
    actor: SYSTEM,
    actorId: 'system',
    action: 'old.row',
    subject: 'x',
    detail: {},
    address: '',
    createdAt: 1,
  }
  await db.tx((tx) =>
    tx.insert(
      db.t.audit,
      ...Array.from({ length: 1500 }, (_, i) => ({ ...old, id: `aud_000000000001${String(i).padStart(20, '0')}` })),
    ),
  )
  expect(await audit.sweep(60_000)).toBe(1500)
  expect(await audit.sweep(60_000)).toBe(0)
  const { items } = await audit.list({ action: 'audit.expire' })
  expect(items).toMatchObject([{ actor: SYSTEM, detail: { rows: 1500, keepMs: 60_000 } }])
})
