import { createLogger } from '@shared/log'
import { Hono } from 'hono'
import { expect, test } from 'bun:test'
import { startTestServer } from '../testing'
import { onError } from './errors'
import { router } from './route'

test('whoever hangs up in the middle of a body is refused, and fills no log', async () => {
  await using server = await startTestServer()
  const lines: string[] = []
  const app = new Hono()
  const { credentials, limits } = server.core
  const { mount } = router(app, { credentials, limits, addressOf: () => '', checkResponses: false })
  mount('POST /api/auth/login', () => Promise.reject(new Error('not reached')))
  app.onError(onError(createLogger({ write: (line) => lines.push(line) })))
  for (const length of ['100', undefined]) {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"username":'))
        controller.error(new Error('The connection was closed.'))
      },
    })
    const headers = { 'content-type': 'application/json', ...(length ? { 'content-length': length } : {}) }
    const response = await app.request('/api/auth/login', { method: 'POST', headers, body })
    expect([response.status, (await response.json()).code]).toEqual([400, 'invalid_request'])
  }
  expect(lines).toEqual([])
})
