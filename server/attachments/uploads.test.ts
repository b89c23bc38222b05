import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Upload } from '@shared/contract'
import { FILES } from '@shared/limits'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let ada: Caller
let ben: Caller

beforeAll(async () => {
  server = await startTestServer({ env: { NEKODE_MAX_FILE_SIZE: '8M' } })
  ada = await server.as('owner')
  ben = await server.as('member', 'ben')
})
afterAll(() => server.stop())

const bytes = crypto.getRandomValues(new Uint8Array(50_000))
const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
const b64 = (text: string): string => Buffer.from(text).toString('base64')

const begin = async (who: Caller, more: object = {}): Promise<Response> =>
  who.fetch('/api/uploads', {
    method: 'POST',
    body: JSON.stringify({ target: '#general', filename: 'a.bin', sizeBytes: bytes.length, ...more }),
  })
const begun = async (who: Caller, more: object = {}): Promise<string> => {
  const response = await begin(who, more)
  expect(response.status).toBe(201)
  return Upload.parse(await response.json()).id
}
const part = (who: Caller, id: string, offset: number, body: BodyInit): Promise<Response> =>
  who.fetch(`/api/uploads/${id}`, {
    method: 'PATCH',
    body,
    headers: { 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' },
  })
const codeOf = async (response: Promise<Response>): Promise<string> => {
  const answer = await response
  const { code }: { code: string } = await answer.json()
  return `${answer.status} ${code}`
}
const offset = async (who: Caller, id: string): Promise<number> => {
  const { headers } = await who.fetch(`/api/uploads/${id}`, { method: 'HEAD' })
  return Number(headers.get('upload-offset'))
}
const inFolder = (id: string): boolean => {
  const folder = join(server.dataDir, 'uploads')
  return existsSync(folder) && readdirSync(folder).includes(id)
}

test('a client that speaks tus uploads in parts, asks how far it came, and goes on from there', async () => {
  const created = await ada.fetch('/api/uploads', {
    method: 'POST',
    headers: {
      'tus-resumable': '1.0.0',
      'upload-length': String(bytes.length),
      'upload-metadata': `filename ${b64('größe.bin')},target ${b64('#general')},sha256 ${b64(sha256)}`,
    },
  })
  expect([created.status, created.headers.get('tus-resumable')]).toEqual([201, '1.0.0'])
  const path = created.headers.get('location') ?? ''
  const id = path.split('/').at(-1) ?? ''
  expect(await offset(ada, id)).toBe(0)
  const first = await part(ada, id, 0, bytes.slice(0, 20_000))
  expect([first.status, first.headers.get('upload-offset'), first.headers.get('attachment-id')]).toEqual([
    204,
    '20000',
    null,
  ])
  expect(await offset(ada, id)).toBe(20_000)
  expect(await codeOf(part(ada, id, 10_000, bytes.slice(10_000)))).toBe('409 offset_mismatch')
  const last = await part(ada, id, 20_000, bytes.slice(20_000))
  const attachmentId = last.headers.get('attachment-id') ?? ''
  expect(last.status).toBe(204)
  const { attachment } = Upload.parse(await (await ada.fetch(path)).json())
  expect(attachment).toMatchObject({ id: attachmentId, filename: 'größe.bin', sha256, sizeBytes: bytes.length })
  const content = await ada.fetch(attachment?.downloadUrl ?? '')
  expect(Buffer.from(await content.bytes()).equals(bytes)).toBe(true)
  // What is complete stays complete when its last part is confirmed twice.
  expect((await part(ada, id, bytes.length, '')).headers.get('attachment-id')).toBe(attachmentId)
  expect(inFolder(id)).toBe(false)
})

test('what came before the connection broke is not sent again', async () => {
  const id = await begun(ada)
  const { hostname, port } = new URL(server.url)
  // By hand, because a client that goes away in the middle of a body is the point.
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: { data: () => undefined, error: () => undefined },
  })
  socket.write(
    [
      `PATCH /api/uploads/${id} HTTP/1.1`,
      `host: ${hostname}:${port}`,
      `authorization: Bearer ${ada.token}`,
      'content-type: application/offset+octet-stream',
      'upload-offset: 0',
      `content-length: ${bytes.length}`,
      '\r\n',
    ].join('\r\n'),
  )
  socket.write(bytes.slice(0, 30_000))
  while ((await offset(ada, id)) < 30_000) await Bun.sleep(5)
  expect(await codeOf(part(ada, id, 30_000, bytes.slice(30_000)))).toBe('409 upload_busy')
  socket.terminate()
  let rest = await part(ada, id, 30_000, bytes.slice(30_000))
  while (rest.status === 409) rest = await part(ada, id, 30_000, bytes.slice(30_000))
  expect([rest.status, rest.headers.get('upload-offset')]).toEqual([204, '50000'])
  const { attachment } = Upload.parse(await (await ada.fetch(`/api/uploads/${id}`)).json())
  expect(attachment?.sha256).toBe(sha256)
})

test('an upload is its owner’s, bounded by what was announced, and good for its checksum', async () => {
  const id = await begun(ada)
  expect((await ben.fetch(`/api/uploads/${id}`)).status).toBe(404)
  expect(await codeOf(part(ben, id, 0, 'x'))).toBe('404 not_found')
  expect(await codeOf(part(ada, id, 0, new Uint8Array(50_001)))).toBe('413 too_large')
  expect(await codeOf(begin(ada, { sizeBytes: 9 << 20 }))).toBe('413 too_large')
  expect(await codeOf(begin(ada, { sizeBytes: -1 }))).toBe('400 invalid_request')
  expect(await codeOf(begin(ada, { target: '#nowhere' }))).toBe('404 not_found')
  const wrong = await begun(ada, { sha256: '0'.repeat(64), sizeBytes: 3 })
  expect(await codeOf(part(ada, wrong, 0, 'abc'))).toBe('400 checksum_mismatch')
  expect(await offset(ada, wrong)).toBe(0)
})

test('nobody begins more uploads than they can finish', async () => {
  const carl = await server.as('member', 'carl')
  for (let i = 0; i < FILES.waiting; i++) await begun(carl, { sizeBytes: 10 })
  expect(await codeOf(begin(carl, { sizeBytes: 10 }))).toBe('429 too_many_uploads')
})

test('an upload that is given up, or that nobody goes on with, is gone with its bytes', async () => {
  const given = await begun(ada)
  await part(ada, given, 0, bytes.slice(0, 100))
  expect(inFolder(given)).toBe(true)
  await ada.call('DELETE /api/uploads/{id}', { params: { id: given } })
  expect(inFolder(given)).toBe(false)
  const left = await begun(ada)
  await part(ada, left, 0, bytes.slice(0, 100))
  const { uploads } = server.services.files
  await uploads.sweep()
  expect(inFolder(left)).toBe(true)
  const { db } = server.core
  await db.tx(async (tx) => {
    await tx.q.update(db.t.uploads).set({ expiresAt: 1 })
  })
  await uploads.sweep()
  expect(inFolder(left)).toBe(false)
  expect((await ada.fetch(`/api/uploads/${left}`)).status).toBe(404)
})
