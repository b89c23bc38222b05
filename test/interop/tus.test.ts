import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Attachment } from '@shared/contract'
import { type HttpRequest, Upload } from 'tus-js-client'
import { type Caller, type TestServer, startTestServer } from '../../server/testing'

let server: TestServer
let owner: Caller
beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
})
afterAll(() => server.stop())

const bytes = Buffer.alloc(3 << 20, crypto.getRandomValues(new Uint8Array(1021)))

interface Options {
  uploadUrl?: string
  onRequest?: (request: HttpRequest) => void
  onProgress?: (sent: number) => void
}

/** Uploads as the client of the tus project does; resolves with the address of the upload. */
function upload(options: Options = {}): { done: Promise<string>; abort: () => Promise<void> } {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const one: Upload = new Upload(bytes, {
    endpoint: `${server.url}/api/uploads`,
    ...(options.uploadUrl === undefined ? {} : { uploadUrl: options.uploadUrl }),
    chunkSize: 1 << 20,
    headers: { authorization: `Bearer ${owner.token}` },
    metadata: { filename: 'größe.bin', filetype: 'application/octet-stream', target: '#general' },
    retryDelays: [],
    onBeforeRequest: (request) => options.onRequest?.(request),
    onChunkComplete: (_, sent) => options.onProgress?.(sent),
    onError: reject,
    onSuccess: () => resolve(one.url ?? ''),
  })
  one.start()
  return { done: promise, abort: () => one.abort() }
}

async function check(url: string): Promise<void> {
  const { attachment } = await (await owner.fetch(new URL(url, server.url).pathname)).json()
  const file = Attachment.parse(attachment)
  expect(file).toMatchObject({ filename: 'größe.bin', sizeBytes: bytes.length })
  const content = await owner.fetch(file.downloadUrl)
  expect(Buffer.from(await content.bytes()).equals(bytes)).toBe(true)
}

test('the client of the tus project uploads a file', async () => {
  const methods: string[] = []
  await check(await upload({ onRequest: (request) => methods.push(request.getMethod()) }).done)
  expect(methods).toEqual(['POST', 'PATCH', 'PATCH', 'PATCH'])
})

test('and goes on with one that it stopped', async () => {
  const stopped = Promise.withResolvers<string>()
  const first = upload({
    onRequest: (request) => {
      if (request.getMethod() === 'PATCH') stopped.resolve(request.getURL())
    },
    onProgress: (sent) => {
      if (sent === 1 << 20) void first.abort()
    },
  })
  const url = await stopped.promise
  const id = url.split('/').at(-1) ?? ''
  const offset = async (): Promise<number> => (await owner.call('GET /api/uploads/{id}', { params: { id } })).offset
  while ((await offset()) < 1 << 20) await Bun.sleep(5)
  const methods: string[] = []
  await check(await upload({ uploadUrl: url, onRequest: (request) => methods.push(request.getMethod()) }).done)
  expect(methods[0]).toBe('HEAD')
  expect(methods.length).toBeLessThan(4)
})
