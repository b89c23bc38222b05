import { expect, test } from 'bun:test'
import { Attachment, Upload } from '@shared/contract'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { inPlace, startServer } from '../e2e/harness'
import { startS3 } from '../fixtures/s3'

const PIECE = crypto.getRandomValues(new Uint8Array(65_536))
const PIECES = 3200
const SIZE = PIECE.length * PIECES
/** A fraction of the file: whoever held it whole in memory would need all of it at once, and a copy besides. */
const ALLOWED = 96 << 20

/** Pieces of a file that is nowhere whole. */
function* file(): Generator<Uint8Array<ArrayBuffer>> {
  for (let i = 0; i < PIECES; i++) yield PIECE
}

/** Made piece by piece as the other end takes them. */
function streamOf(pieces: Iterator<Uint8Array> | AsyncIterator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
}

async function* form(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield Buffer.from(
    '--cut\r\ncontent-disposition: form-data; name="target"\r\n\r\n#general\r\n' +
      '--cut\r\ncontent-disposition: form-data; name="file"; filename="big.bin"\r\n\r\n',
  )
  yield* file()
  yield Buffer.from('\r\n--cut--\r\n')
}

/** The beginning of a file whose end never comes. */
async function* unfinished(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield PIECE
  await new Promise(() => undefined)
}

const hashOf = (pieces: Iterable<Uint8Array>): string => {
  const hasher = new Bun.CryptoHasher('sha256')
  for (const piece of pieces) hasher.update(piece)
  return hasher.digest('hex')
}
const rss = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024

test.each(['disk', 's3'] as const)(
  'the server’s memory stays bounded while 200 MB come in, as bytes and as a form, and go out again (%s)',
  async (place) => {
    const s3 = place === 's3' ? startS3() : undefined
    try {
      await inPlace(async (where) => {
        const server = await startServer(where, { env: { NEKODE_MAX_FILE_SIZE: '1G', ...s3?.env } })
        const admin = await server.admin()
        const { pid } = server.program
        const before = rss(pid)
        let most = 0
        const watch = setInterval(() => {
          most = Math.max(most, rss(pid))
        }, 10)
        const sha256 = hashOf(file())
        const ways: [string, string, () => ReadableStream<Uint8Array>][] = [
          ['?target=general&filename=big.bin', 'application/octet-stream', () => streamOf(file())],
          ['', 'multipart/form-data; boundary=cut', () => streamOf(form())],
        ]
        try {
          for (const [query, type, body] of ways) {
            const response = await admin.fetch(`/api/attachments${query}`, {
              method: 'POST',
              body: body(),
              headers: { 'content-type': type },
            })
            expect(response.status).toBe(201)
            const made = Attachment.parse(await response.json())
            expect([made.sizeBytes, made.sha256]).toEqual([SIZE, sha256])
            const content = await admin.fetch(made.downloadUrl)
            const hasher = new Bun.CryptoHasher('sha256')
            for await (const chunk of content.body ?? []) hasher.update(chunk)
            expect(hasher.digest('hex')).toBe(sha256)
          }
        } finally {
          clearInterval(watch)
        }
        expect(most).toBeGreaterThan(0)
        expect(most - before).toBeLessThan(ALLOWED)
      })
    } finally {
      s3?.stop()
    }
  },
  120_000,
)

test('what arrived of an upload before the server was killed is there when it is back, and no half of a file ever is', async () => {
  await inPlace(async (where) => {
    const server = await startServer(where)
    let admin = await server.admin()
    const bytes = Buffer.concat([PIECE, PIECE, PIECE, PIECE])
    const begun = await admin.fetch('/api/uploads', {
      method: 'POST',
      body: JSON.stringify({ target: '#general', filename: 'a.bin', sizeBytes: bytes.length }),
    })
    const { id } = Upload.parse(await begun.json())
    const part = (offset: number, body: Uint8Array<ArrayBuffer>): Promise<Response> =>
      admin.fetch(`/api/uploads/${id}`, {
        method: 'PATCH',
        body,
        headers: { 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' },
      })
    const half = bytes.length / 2
    expect((await part(0, Uint8Array.from(bytes.subarray(0, half)))).status).toBe(204)
    // This one is in the middle of its body when the end comes.
    const lost = admin
      .fetch('/api/attachments?target=general&filename=lost.bin', { method: 'POST', body: streamOf(unfinished()) })
      .catch((error: unknown) => error)
    const folder = join(server.dataDir, 'uploads')
    while (!readdirSync(folder).some((name) => name.startsWith('tmp-'))) await Bun.sleep(1)
    await server.killHard()
    await lost
    await server.start()
    admin = await server.admin()
    const { offset } = Upload.parse(await (await admin.fetch(`/api/uploads/${id}`)).json())
    expect(offset).toBe(half)
    expect((await part(half, Uint8Array.from(bytes.subarray(half)))).status).toBe(204)
    const { attachment } = Upload.parse(await (await admin.fetch(`/api/uploads/${id}`)).json())
    expect(attachment?.sha256).toBe(hashOf([bytes]))
    const content = await admin.fetch(attachment?.downloadUrl ?? '')
    expect(Buffer.from(await content.bytes()).equals(bytes)).toBe(true)
    expect(await admin.call('GET /api/attachments/usage')).toMatchObject({ files: 1, bytes: bytes.length })
  })
}, 60_000)
