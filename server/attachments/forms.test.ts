import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let ada: Caller

beforeAll(async () => {
  server = await startTestServer()
  ada = await server.as('owner')
})
afterAll(() => server.stop())

const HEAD = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'

/** In pieces, so that the file is read before the form ends; or in one. */
const bodies = (text: string): (string | ReadableStream)[] => [
  text,
  new ReadableStream({
    async start(controller) {
      for (const piece of [text.slice(0, HEAD.length + 1), text.slice(HEAD.length + 1)]) {
        controller.enqueue(new TextEncoder().encode(piece))
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
      controller.close()
    },
  }),
]

test.each([
  ['after its head', HEAD],
  ['in its file', `${HEAD}abc`],
  ['after its file', `${HEAD}abc\r\n`],
  ['in its last line', `${HEAD}abc\r\n--`],
  ['before the end of its last line', `${HEAD}abc\r\n--x-`],
])('a form that ends %s is refused, leaves nothing behind, and the server goes on', async (_, text) => {
  const folder = join(server.dataDir, 'uploads')
  for (const body of bodies(text)) {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' }
    const response = await ada.fetch('/api/attachments?target=%23general', { method: 'POST', body, headers })
    expect(response.status).toBe(400)
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([])
  }
  expect((await server.guest.fetch('/health')).status).toBe(200)
})
