import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Attachment } from '@shared/contract'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { storages } from '../../test/storages'
import { type S3Fixture, startS3 } from '../../test/fixtures/s3'
import { type Caller, type TestServer, startTestServer } from '../testing'

const PNG = await picture(64, 48)

/** A picture of these dimensions, as a PNG that a decoder takes. */
async function picture(width: number, height: number): Promise<Uint8Array<ArrayBuffer>> {
  const row = Buffer.alloc(Math.ceil((width * 3) / 4) * 4)
  const pixels = Buffer.concat(Array.from({ length: height }, (_, y) => row.map((_, x) => (x * 7 + y * 13) & 255)))
  const head = Buffer.alloc(54)
  head.write('BM')
  head.writeUInt32LE(54 + pixels.length, 2)
  head.writeUInt32LE(54, 10)
  head.writeUInt32LE(40, 14)
  head.writeInt32LE(width, 18)
  head.writeInt32LE(height, 22)
  head.writeUInt16LE(1, 26)
  head.writeUInt16LE(24, 28)
  return Uint8Array.from(await new Bun.Image(Buffer.concat([head, pixels])).png().bytes())
}

const places = ['disk', 's3'] as const
const worlds = storages.filter(({ available }) => available).flatMap((s) => places.map((place) => [s, place] as const))

/** Every database with every place for files is many; the two are independent, so each is met twice at least. */
const met = worlds.filter(([storage, place]) => storage.name !== 'mysql' || place === 'disk')

describe.each(met.map(([storage, place]) => [storage.name, place, storage] as const))('%s, %s', (_, place, storage) => {
  let server: TestServer
  let s3: S3Fixture | undefined
  let drop: () => Promise<void>
  let ada: Caller
  let ben: Caller

  beforeAll(async () => {
    const scratch = await storage.scratch()
    drop = scratch.drop
    s3 = place === 's3' ? startS3() : undefined
    server = await startTestServer({
      dsn: scratch.dsn,
      env: { NEKODE_MAX_FILE_SIZE: '4M', NEKODE_USER_QUOTA: '20M', ...s3?.env },
    })
    ada = await server.as('owner')
    ben = await server.as('member', 'ben')
    await ada.call('POST /api/channels', { body: { name: 'secret', visibility: 'private' } })
  })
  afterAll(async () => {
    await server.stop()
    s3?.stop()
    await drop()
  })

  const upload = (
    who: Caller,
    bytes: Uint8Array<ArrayBuffer> | string,
    { target = '#general', filename = 'a.txt', headers = {}, query = '' } = {},
  ): Promise<Response> =>
    who.fetch(`/api/attachments?${new URLSearchParams({ target, filename })}${query}`, {
      method: 'POST',
      body: bytes,
      headers: { 'content-type': 'application/octet-stream', ...headers },
    })
  const uploaded = async (
    who: Caller,
    bytes: Uint8Array<ArrayBuffer> | string,
    more?: Parameters<typeof upload>[2],
  ) => {
    const response = await upload(who, bytes, more)
    expect(`${response.status} ${response.status === 201 ? '' : await response.text()}`).toBe('201 ')
    return Attachment.parse(await response.json())
  }
  const send = async (who: Caller, content: string, attachmentIds: string[], target = '#general') =>
    (await who.call('POST /api/messages', { body: { target, content, attachmentIds } })).message
  const codeOf = async (response: Response | Promise<Response>): Promise<string> => {
    const answer = await response
    const body: unknown = await answer.json()
    return `${answer.status} ${typeof body === 'object' && body !== null && 'code' in body ? String(body.code) : ''}`
  }
  const refusal = (calling: Promise<unknown>): Promise<string> =>
    calling.then(
      () => 'it went through',
      (error: { code?: string }) => String(error.code),
    )

  test('a file comes back as it was sent, as a whole, in parts and by its tag', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000))
    const file = await uploaded(ada, bytes, { filename: 'noise.bin' })
    expect(file).toMatchObject({ filename: 'noise.bin', sizeBytes: 60_000, media: 'file', messageId: null })
    expect(file.sha256).toBe(new Bun.CryptoHasher('sha256').update(bytes).digest('hex'))
    const whole = await ada.fetch(file.downloadUrl)
    // What comes from a bucket is passed on as a stream.
    if (place === 'disk') expect(whole.headers.get('content-length')).toBe('60000')
    expect(Buffer.from(await whole.bytes())).toEqual(Buffer.from(bytes))
    const ranges: [string, number, string | null, Uint8Array | null][] = [
      ['bytes=0-0', 206, 'bytes 0-0/60000', bytes.slice(0, 1)],
      ['bytes=100-199', 206, 'bytes 100-199/60000', bytes.slice(100, 200)],
      ['bytes=59990-', 206, 'bytes 59990-59999/60000', bytes.slice(59_990)],
      ['bytes=-10', 206, 'bytes 59990-59999/60000', bytes.slice(59_990)],
      ['bytes=59000-99999', 206, 'bytes 59000-59999/60000', bytes.slice(59_000)],
      ['bytes=60000-', 416, null, null],
      ['bytes=-0', 416, null, null],
      ['bytes=5-2', 200, null, bytes],
      ['bytes=0-1,4-5', 200, null, bytes],
      ['lines=1-2', 200, null, bytes],
    ]
    for (const [range, status, content, part] of ranges) {
      const answer = await ada.fetch(file.downloadUrl, { headers: { range } })
      expect([range, answer.status, answer.headers.get('content-range')]).toEqual([range, status, content])
      if (part) expect(Buffer.from(await answer.bytes())).toEqual(Buffer.from(part))
    }
    const etag = whole.headers.get('etag') ?? ''
    const again = await ada.fetch(file.downloadUrl, { headers: { 'if-none-match': etag } })
    expect(again.status).toBe(304)
    const changed = await ada.fetch(file.downloadUrl, { headers: { range: 'bytes=0-9', 'if-range': '"other"' } })
    expect(changed.status).toBe(200)
    const head = await ada.fetch(file.downloadUrl, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '60000'])
  })

  test('a form is taken as well as bytes, whatever the order of its fields', async () => {
    for (const order of [0, 1]) {
      const form = new FormData()
      if (order === 0) form.set('target', '#general')
      form.set('file', new File(['hello'], '../../etc/päss wd.txt', { type: 'image/png' }))
      if (order === 1) form.set('target', 'general')
      const response = await ada.fetch('/api/attachments', { method: 'POST', body: form })
      expect(response.status).toBe(201)
      const file = Attachment.parse(await response.json())
      // What its sender calls it is not what it is.
      expect(file).toMatchObject({ filename: 'päss wd.txt', mimeType: 'text/plain', media: 'text', target: '#general' })
      expect(await (await ada.fetch(file.downloadUrl)).text()).toBe('hello')
    }
  })

  test.each([
    ['no file', () => new FormData()],
    [
      'no target',
      () => {
        const form = new FormData()
        form.set('file', new File(['x'], 'x'))
        return form
      },
    ],
  ])('a form with %s is refused and leaves nothing behind', async (_, form) => {
    expect(await codeOf(ada.fetch('/api/attachments', { method: 'POST', body: form() }))).toBe('400 invalid_request')
    expect(leftovers()).toEqual([])
  })

  const leftovers = (): string[] => {
    const folder = join(server.dataDir, 'uploads')
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('tmp-')) : []
  }

  test('only what is safe is shown in place, by its bytes and not by what its sender says', async () => {
    const html = '<!doctype html><script>alert(1)</script>'
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    const cases: [string, Uint8Array<ArrayBuffer> | string, string, string, string][] = [
      ['a.png', PNG, 'image/png', 'inline', 'image/png'],
      ['a.txt', 'plain words', 'text/plain', 'inline', 'text/plain; charset=utf-8'],
      ['a.md', '# title', 'text/markdown', 'inline', 'text/plain; charset=utf-8'],
      ['a.html', html, 'text/html', 'attachment', 'application/octet-stream'],
      ['a.png', html, 'image/png', 'attachment', 'application/octet-stream'],
      ['a.txt', html, 'text/plain', 'attachment', 'application/octet-stream'],
      ['a.svg', svg, 'image/svg+xml', 'attachment', 'application/octet-stream'],
      ['a.xml', '<?xml version="1.0"?><a/>', 'text/plain', 'attachment', 'application/octet-stream'],
      ['a.pdf', '%PDF-1.7\n%âãÏÓ\n1 0 obj', 'application/pdf', 'attachment', 'application/octet-stream'],
      ['a.gif', new Uint8Array([1, 2, 3, 0, 255]), 'image/gif', 'attachment', 'application/octet-stream'],
    ]
    for (const [filename, bytes, type, kind, served] of cases) {
      const file = await uploaded(ada, bytes, { filename, headers: { 'content-type': type } })
      const { headers } = await ada.fetch(file.downloadUrl)
      expect([filename, headers.get('content-disposition')?.split(';')[0], headers.get('content-type')]).toEqual([
        filename,
        kind,
        served,
      ])
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(headers.get('content-security-policy')).toContain('sandbox')
      expect(headers.get('cache-control')).toBe('private, no-cache')
      const download = await ada.fetch(`${file.downloadUrl}?download=true`)
      expect(download.headers.get('content-disposition')).toStartWith('attachment;')
    }
  })

  test('a message lists its files, which its readers may read and nobody else', async () => {
    const file = await uploaded(ada, PNG, { target: '#secret', filename: 'plan.png' })
    expect(file).toMatchObject({ width: 64, height: 48, media: 'image' })
    const message = await send(ada, '', [file.id], '#secret')
    expect(message.attachments).toEqual([
      {
        id: file.id,
        filename: 'plan.png',
        mimeType: 'image/png',
        media: 'image',
        sizeBytes: PNG.length,
        width: 64,
        height: 48,
      },
    ])
    const paths = ['', '/content', '/preview', '/thumbnail'].map((part) => `/api/attachments/${file.id}${part}`)
    for (const path of paths) expect(await codeOf(ben.fetch(path))).toBe('404 not_found')
    expect(await codeOf(ben.fetch(`/api/attachments/${file.id}/link`, { method: 'POST' }))).toBe('404 not_found')
    expect(await refusal(ben.call('GET /api/attachments', { query: { target: '#secret' } }))).toBe('not_found')
    await ada.call('POST /api/channels/{target}/members', {
      params: { target: '#secret' },
      body: { memberId: ben.id, kind: 'human' },
    })
    expect((await ben.fetch(file.downloadUrl)).status).toBe(200)
    const { items } = await ben.call('GET /api/attachments', { query: { target: '#secret' } })
    expect(items.map(({ id, messageId }) => [id, messageId])).toEqual([[file.id, message.id]])
    await ada.call('DELETE /api/channels/{target}/members/{kind}/{memberId}', {
      params: { target: '#secret', kind: 'human', memberId: ben.id },
    })
    expect(await codeOf(ben.fetch(file.downloadUrl))).toBe('404 not_found')
  })

  test('until a message carries it a file is its sender’s alone', async () => {
    const file = await uploaded(ada, 'draft')
    expect(await codeOf(ben.fetch(file.downloadUrl))).toBe('404 not_found')
    await send(ada, 'here', [file.id])
    expect((await ben.fetch(file.downloadUrl)).status).toBe(200)
  })

  test('a message takes only files of its sender, of its conversation, that no other one has', async () => {
    const mine = await uploaded(ada, 'mine')
    const theirs = await uploaded(ben, 'theirs')
    const elsewhere = await uploaded(ada, 'elsewhere', { target: '#secret' })
    const events = await server.events()
    expect(await refusal(send(ada, 'x', [theirs.id]))).toBe('attachment_unknown')
    expect(await refusal(send(ada, 'x', [elsewhere.id]))).toBe('attachment_elsewhere')
    expect(await refusal(send(ada, 'x', ['att_00000000000000000000000000000000']))).toBe('attachment_unknown')
    expect(await refusal(send(ada, ' ', []))).toBe('invalid_request')
    expect(await server.events()).toBe(events)
    await send(ada, 'x', [mine.id])
    expect(await refusal(send(ada, 'y', [mine.id]))).toBe('attachment_used')
    expect(await refusal(ada.call('DELETE /api/attachments/{id}', { params: { id: mine.id } }))).toBe('attachment_used')
    expect(await refusal(ben.call('DELETE /api/attachments/{id}', { params: { id: mine.id } }))).toBe('not_owner')
  })

  test('a message that is sent again with its key has its files once', async () => {
    const file = await uploaded(ada, 'once')
    const body = { target: '#general', content: 'once', attachmentIds: [file.id], requestId: crypto.randomUUID() }
    const first = await ada.call('POST /api/messages', { body })
    const again = await ada.call('POST /api/messages', { body })
    expect(again).toEqual(first)
  })

  test('a deleted message takes its files along, and their room is free again', async () => {
    const before = await ada.call('GET /api/attachments/usage')
    const file = await uploaded(ada, crypto.getRandomValues(new Uint8Array(5000)), { filename: 'gone.bin' })
    const message = await send(ada, 'soon gone', [file.id])
    expect(await ada.call('GET /api/attachments/usage')).toMatchObject({ bytes: before.bytes + 5000 })
    const deleted = await ada.call('DELETE /api/messages/{id}', { params: { id: message.id } })
    expect(deleted.attachments).toEqual([])
    expect(await codeOf(ada.fetch(file.downloadUrl))).toBe('404 not_found')
    expect(await ada.call('GET /api/attachments/usage')).toEqual(before)
  })

  test('search finds files by their names and by what texts in them say, and messages by having some', async () => {
    const word = `quokka${crypto.randomUUID().slice(0, 8)}`
    const file = await uploaded(ada, `a line\nabout the ${word} here`, {
      filename: 'field-notes.txt',
      target: '#secret',
    })
    const message = await send(ada, 'notes of today', [file.id], '#secret')
    const { items } = await ada.call('GET /api/search', { query: { q: word } })
    expect(items.map(({ kind, id, title }) => [kind, id, title])).toEqual([['attachment', file.id, 'field-notes.txt']])
    expect(items[0]?.snippet).toContain(word)
    expect(items[0]?.messageId).toBe(message.id)
    expect((await ada.call('GET /api/search', { query: { q: `field kind:text in:#secret` } })).items).toHaveLength(1)
    const having = await ada.call('GET /api/messages/search', { query: { q: 'notes', hasAttachment: 'true' } })
    expect(having.items.map(({ id }) => id)).toEqual([message.id])
    expect((await ben.call('GET /api/search', { query: { q: word } })).items).toEqual([])
    await ada.call('DELETE /api/messages/{id}', { params: { id: message.id } })
    expect((await ada.call('GET /api/search', { query: { q: word } })).items).toEqual([])
  })

  test('the beginning of a text is shown, however it is encoded', async () => {
    const cases: [Uint8Array<ArrayBuffer>, string, string][] = [
      [Buffer.from('naïve 中文'), 'naïve 中文', 'utf-8'],
      [Buffer.from('\uFEFFmarked', 'utf16le'), 'marked', 'utf-16le'],
      [Buffer.from('without a mark', 'utf16le'), 'without a mark', 'utf-16le'],
      [Buffer.from([0xc4, 0xe3, 0xba, 0xc3, 0xca, 0xc0, 0xbd, 0xe7]), '你好世界', 'gb18030'],
      [Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x20, 0xe0, 0x20, 0x6c, 0x61]), 'café à la', 'windows-1252'],
    ]
    for (const [bytes, text, encoding] of cases) {
      const { id } = await uploaded(ada, bytes)
      const preview = await ada.call('GET /api/attachments/{id}/preview', { params: { id } })
      expect(preview).toEqual({ text, encoding, truncated: false })
    }
    const long = await uploaded(ada, '中'.repeat(100_000))
    const { text, truncated } = await ada.call('GET /api/attachments/{id}/preview', { params: { id: long.id } })
    expect([text.length, truncated, text.includes('\uFFFD')]).toEqual([21_845, true, false])
    const binary = await uploaded(ada, new Uint8Array([0, 1, 2, 3]))
    expect(await refusal(ada.call('GET /api/attachments/{id}/preview', { params: { id: binary.id } }))).toBe(
      'no_preview',
    )
  })

  test('an image has a small picture; what claims to be huge, or is broken, has none', async () => {
    const large = await uploaded(ada, await picture(1600, 800), { filename: 'large.png' })
    const thumbnail = await ada.fetch(`/api/attachments/${large.id}/thumbnail`)
    expect([thumbnail.status, thumbnail.headers.get('content-type')]).toEqual([200, 'image/webp'])
    expect(await new Bun.Image(await thumbnail.bytes()).metadata()).toEqual({ width: 512, height: 256, format: 'webp' })
    const kept = await ada.fetch(`/api/attachments/${large.id}/thumbnail`)
    expect(kept.status).toBe(200)
    const bomb = Uint8Array.from(PNG)
    new DataView(bomb.buffer).setUint32(16, 60_000)
    new DataView(bomb.buffer).setUint32(20, 60_000)
    const broken = PNG.slice(0, 200)
    for (const bytes of [bomb, broken]) {
      const file = await uploaded(ada, bytes, { filename: 'odd.png' })
      expect(await codeOf(ada.fetch(`/api/attachments/${file.id}/thumbnail`))).toBe('404 no_thumbnail')
    }
    const text = await uploaded(ada, 'no image')
    expect(await codeOf(ada.fetch(`/api/attachments/${text.id}/thumbnail`))).toBe('404 no_thumbnail')
  })

  test('a signed address serves one file for a while, without a login, as a download', async () => {
    const file = await uploaded(ada, 'for a program')
    const other = await uploaded(ada, 'another one')
    const { url, expiresAt } = await ada.call('POST /api/attachments/{id}/link', { params: { id: file.id } })
    expect(expiresAt).toBeGreaterThan(Date.now())
    expect(url).not.toContain(ada.token)
    const path = url.slice(url.indexOf('/api/'))
    const answer = await server.guest.fetch(path)
    expect([await answer.text(), answer.headers.get('content-disposition')?.split(';')[0]]).toEqual([
      'for a program',
      'attachment',
    ])
    expect(await codeOf(server.guest.fetch(path.replace(file.id, other.id)))).toBe('403 link_invalid')
    expect(await codeOf(server.guest.fetch(path.replace(/expires=(\d)/, 'expires=9$1')))).toBe('403 link_invalid')
    expect(await codeOf(server.guest.fetch(`${path}x`))).toBe('403 link_invalid')
    const past = server.core.secrets.sign(`${file.id}.1000`, 'attachment:file')
    const old = `/api/attachments/${file.id}/file?expires=1000&signature=${past}`
    expect(await codeOf(server.guest.fetch(old))).toBe('410 link_expired')
    await ada.call('DELETE /api/attachments/{id}', { params: { id: file.id } })
    expect(await codeOf(server.guest.fetch(path))).toBe('404 not_found')
  })

  test('what is too large, too much, broken on the way or not for the caller is refused and leaves nothing behind', async () => {
    const many = crypto.getRandomValues(new Uint8Array(65_536))
    const streamed = (megabytes: number): ReadableStream =>
      new ReadableStream({
        start: () => undefined,
        pull(controller) {
          if (megabytes-- > 0) for (let i = 0; i < 16; i++) controller.enqueue(many)
          else controller.close()
        },
      })
    const before = await ada.call('GET /api/attachments/usage')
    const url = '/api/attachments?target=general&filename=big'
    expect(await codeOf(ada.fetch(url, { method: 'POST', body: streamed(6) }))).toBe('413 too_large')
    const form = new FormData()
    form.set('target', 'general')
    form.set('file', new File([new Uint8Array(6 << 20)], 'big'))
    expect(await codeOf(ada.fetch('/api/attachments', { method: 'POST', body: form }))).toBe('413 too_large')
    expect(await codeOf(upload(ada, 'x', { query: `&sha256=${'0'.repeat(64)}` }))).toBe('400 checksum_mismatch')
    expect(await codeOf(upload(ben, 'x', { target: '#secret' }))).toBe('404 not_found')
    expect(await codeOf(upload(await server.as('viewer'), 'x'))).toBe('403 viewer')
    expect(await ada.call('GET /api/attachments/usage')).toEqual(before)
    expect(leftovers()).toEqual([])
  })

  test('whoever has used up their room gets no more, until they free some', async () => {
    const carl = await server.as('member', 'carl')
    const files: Attachment[] = []
    for (let i = 0; i < 5; i++) {
      const bytes = new Uint8Array(4 << 20).fill(i)
      files.push(await uploaded(carl, bytes, { filename: `${i}.bin` }))
    }
    const refused = await upload(carl, 'one more')
    expect([refused.status, await codeOf(refused)]).toEqual([507, '507 quota_exceeded'])
    const body = JSON.stringify({ target: '#general', filename: 'x', sizeBytes: 5 })
    expect(await codeOf(carl.fetch('/api/uploads', { method: 'POST', body }))).toBe('507 quota_exceeded')
    await carl.call('DELETE /api/attachments/{id}', { params: { id: files[0]?.id ?? '' } })
    await uploaded(carl, 'one more')
  })

  test('files that arrive at the same time do not get past the quota together', async () => {
    const dora = await server.as('member', 'dora')
    const sent = Array.from({ length: 7 }, (_, i) =>
      upload(dora, new Uint8Array(4 << 20).fill(i), { filename: `${i}` }),
    )
    const statuses = (await Promise.all(sent)).map(({ status }) => status).toSorted()
    expect(statuses).toEqual([201, 201, 201, 201, 201, 507, 507])
    expect(await dora.call('GET /api/attachments/usage')).toMatchObject({ bytes: 20 << 20, files: 5 })
  })

  test('the same bytes are kept once, and go when the last of their files is gone and the grace time over', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(3000))
    const [one, two] = [await uploaded(ada, bytes), await uploaded(ben, bytes)]
    const { db } = server.core
    const rows = async () => (await db.q.select().from(db.t.blobs)).filter(({ hash }) => hash === one.sha256)
    expect(await rows()).toMatchObject([{ refs: 2, sizeBytes: 3000 }])
    await ada.call('DELETE /api/attachments/{id}', { params: { id: one.id } })
    await server.services.files.blobs.collect()
    expect(Buffer.from(await (await ben.fetch(two.downloadUrl)).bytes())).toEqual(Buffer.from(bytes))
    await ben.call('DELETE /api/attachments/{id}', { params: { id: two.id } })
    // Within the grace time nothing goes.
    await server.services.files.blobs.collect()
    expect(await rows()).toHaveLength(1)
    await db.tx(async (tx) => {
      await tx.q.update(db.t.blobs).set({ touchedAt: 1 })
    })
    expect(await server.services.files.blobs.collect()).toBeGreaterThan(0)
    expect(await rows()).toEqual([])
    expect(stored(one.sha256)).toBe(false)
    // What messages carry was never in danger, however old.
    const used = await db.q.select().from(db.t.blobs)
    expect(used.every(({ refs }) => refs > 0)).toBe(true)
    expect(used.every(({ hash }) => stored(hash))).toBe(true)
  })

  const stored = (hash: string): boolean => {
    const name = `${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`
    return s3 ? s3.objects.has(`files/${name}`) : existsSync(join(server.dataDir, 'blobs', name))
  }

  test('uploading again with the same key gives the same attachment, and with other bytes none', async () => {
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const first = await uploaded(ada, 'same', { headers })
    expect(await uploaded(ada, 'same', { headers })).toEqual(first)
    expect(await codeOf(upload(ada, 'other', { headers }))).toBe('409 idempotency_conflict')
  })

  test('an empty file is a file', async () => {
    const file = await uploaded(ada, '')
    expect(file).toMatchObject({ sizeBytes: 0, media: 'text' })
    expect((await (await ada.fetch(file.downloadUrl)).bytes()).length).toBe(0)
  })
})
