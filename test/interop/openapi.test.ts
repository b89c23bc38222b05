import { afterAll, beforeAll, expect, mock, test } from 'bun:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { type RouteSpec, api } from '@shared/contract'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { type Caller, type TestServer, startTestServer } from '../../server/testing'

/* The document that describes the HTTP API, read by programs that know nothing of it but the document. */

const root = join(import.meta.dir, '../..')

let server: TestServer
let owner: Caller
let document: Record<string, unknown>
let dir: string

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  document = z.record(z.string(), z.unknown()).parse(await (await server.guest.fetch('/api/openapi.json')).json())
  dir = mkdtempSync(join(tmpdir(), 'nekode-openapi-'))
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
})
afterAll(async () => {
  rmSync(dir, { recursive: true, force: true })
  await server.stop()
})

test('the document is valid by the schema of OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate({ ...document })
  expect([valid, errors]).toEqual([true, undefined])
})

const Operation = z.object({
  operationId: z.string(),
  parameters: z.array(z.object({ name: z.string(), in: z.string() })),
  responses: z.record(z.string(), z.object({ 'x-error-codes': z.array(z.string()).optional() })),
})

test('every route is in it once, with its status, its parameters and the codes of its errors', () => {
  const paths = z.record(z.string(), z.record(z.string(), Operation)).parse(document.paths)
  const found = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
  )
  const keys: string[] = found.map(([key]) => key).toSorted()
  expect(keys).toEqual(Object.keys(api).toSorted())
  const ids = found.map(([, { operationId }]) => operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const [key, operation] of found) {
    const spec: RouteSpec = api[key as keyof typeof api]
    const named = [...key.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
    const inPath = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)
    expect([key, inPath.toSorted()]).toEqual([key, named.toSorted()])
    expect(Object.keys(operation.responses).toSorted()).toEqual([String(spec.status ?? 200), 'default'])
    const codes = operation.responses.default?.['x-error-codes'] ?? []
    expect([key, (spec.errors ?? []).filter((code) => !codes.includes(code))]).toEqual([key, []])
    expect([key, codes.includes('login_required')]).toEqual([key, !spec.who.includes('guest')])
  }
})

/** What somebody writes with the generated types. It does not compile when the document says something else than it does here. */
const PROGRAM = `
import createClient from 'openapi-fetch'
import type { paths } from './api'

const [, , baseUrl = '', token = ''] = process.argv
const client = createClient<paths>({ baseUrl, headers: { authorization: 'Bearer ' + token } })

const sent = await client.POST('/api/messages', { body: { target: '#general', content: 'from a generated client' } })
if (!sent.data) throw new Error(sent.error.error)
const id: string = sent.data.message.id
const read = await client.GET('/api/messages/{id}', { params: { path: { id } } })
const page = await client.GET('/api/messages', { params: { query: { target: '#general', limit: 1 } } })
const task = await client.POST('/api/tasks', { body: { target: '#general', summary: 'a task', priority: 'high' } })
const board = await client.GET('/api/tasks/board', { params: { query: { target: '#general' } } })
const missing = await client.GET('/api/messages/{id}', { params: { path: { id: 'msg_0' } } })
const wrong = await client.POST('/api/messages', {
  // @ts-expect-error a message without a text
  body: { target: '#general' },
})
const guest = await createClient<paths>({ baseUrl }).GET('/api/auth/me')
console.log(JSON.stringify({
  read: read.data?.message.content,
  newest: page.data?.items.map((message) => message.content),
  task: task.data?.state,
  columns: board.data?.columns.map((column) => column.total),
  refusals: [missing, wrong, guest].map(({ response, error }) => [response.status, error?.code]),
}))
`

const run = async (args: string[]): Promise<{ code: number; output: string }> => {
  const child = Bun.spawn([process.execPath, ...args], { cwd: dir, stdout: 'pipe', stderr: 'pipe' })
  const [output, error, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, output: output + error }
}

test('a client that is generated from it compiles, and works', async () => {
  // The generator writes by way of TypeScript's programming interface, which version 7 has no more.
  await mock.module('typescript', () => import('typescript-api'))
  const { default: generate, astToString } = await import('openapi-typescript')
  await Bun.write(join(dir, 'api.ts'), astToString(await generate(JSON.stringify(document))))
  await Bun.write(join(dir, 'main.ts'), PROGRAM)
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'esnext',
    module: 'preserve',
    moduleResolution: 'bundler',
    lib: ['esnext', 'dom'],
    types: ['bun'],
    skipLibCheck: true,
  }
  await Bun.write(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  expect(await run(['--no-script', 'check'])).toMatchObject({ code: 0 })
  const { code, output } = await run(['main.ts', server.url, owner.token])
  expect([code, code === 0 ? JSON.parse(output) : output]).toEqual([
    0,
    {
      read: 'from a generated client',
      newest: ['from a generated client'],
      task: 'todo',
      columns: expect.any(Array),
      refusals: [
        [404, 'not_found'],
        [400, 'invalid_request'],
        [401, 'login_required'],
      ],
    },
  ])
}, 60_000)
