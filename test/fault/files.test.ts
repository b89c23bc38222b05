import { expect, test } from 'bun:test'
import { Attachment } from '@shared/contract'
import { readFileSync } from 'node:fs'
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
