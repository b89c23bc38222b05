import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Attachment } from '@shared/contract'
import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ToolBench, startToolBench } from '../../test/fixtures/tools'

let bench: ToolBench
beforeAll(async () => {
  bench = await startToolBench()
})
afterAll(() => bench[Symbol.asyncDispose]())

const said = (work: Promise<string>): Promise<string> => work.catch((error: Error) => `refused: ${error.message}`)
const attIn = (text: string): string => /att_\w+/.exec(text)?.[0] ?? ''

async function sent(name: string, bytes: BodyInit, target = '#general'): Promise<string> {
  const query = new URLSearchParams({ target, filename: name })
  const response = await bench.owner.fetch(`/api/attachments?${query}`, { method: 'POST', body: bytes })
  const { id } = Attachment.parse(await response.json())
  await bench.owner.call('POST /api/messages', { body: { target, content: 'look', attachmentIds: [id] } })
  return id
}
const put = (path: string, content: string | Uint8Array): void => writeFileSync(join(bench.workspace, path), content)
const got = (text: string): Buffer =>
  readFileSync(join(bench.workspace, /attachments\/\S+/.exec(text)?.[0] ?? 'nothing'))

test('an agent reads a text of a message, and finds the file in its workspace', async () => {
  const id = await sent('../../notes of today.md', 'the plan\nin two lines')
  expect(await bench.call('read_messages', { target: '#general' })).toContain(`[file ${id}: notes of today.md, `)
  const answer = await bench.call('read_attachment', { id })
  expect(answer).toContain('the plan\nin two lines')
  expect(answer).toContain(`attachments/${id.replace(/\W/g, '')}-notes_of_today.md`)
  expect(got(answer).toString()).toBe('the plan\nin two lines')
})

test('what is no text, or large, is put into the workspace only', async () => {
  const bytes = Buffer.alloc(6 << 20, crypto.getRandomValues(new Uint8Array(1021)))
  for (const content of [bytes, bytes.subarray(0, 100)]) {
    const answer = await bench.call('read_attachment', { id: await sent('data.bin', Uint8Array.from(content)) })
    expect(answer).not.toContain('It says')
    expect(got(answer).equals(content)).toBe(true)
  }
})

test('what an agent may not see does not exist for it', async () => {
  await bench.owner.call('POST /api/channels', { body: { name: 'vault', visibility: 'private' } })
  const id = await sent('secret.txt', 'x', '#vault')
  expect(await said(bench.call('read_attachment', { id }))).toStartWith('refused: There is no such file')
  expect(await said(bench.call('read_attachment', { id: 'att_0' }))).toStartWith('refused: There is no such file')
  put('a.txt', 'a')
  expect(await said(bench.call('attach_file', { target: '#vault', path: 'a.txt' }))).toStartWith('refused: There is no')
})

test('an agent publishes a page of its workspace, and people learn where it is', async () => {
  const page = `<h1>Figures</h1>${'<p>row</p>'.repeat(200_000)}`
  mkdirSync(join(bench.workspace, 'out'), { recursive: true })
  put('out/figures.html', page)
  const answer = await bench.call('publish_artifact', {
    path: 'out/figures.html',
    title: 'Figures',
    target: '#general',
    hours: 2,
  })
  const id = attIn(answer)
  expect(answer).toContain(`/api/artifacts/${id}/open`)
  expect(answer).toStartWith('People in #general see it at ')
  const artifact = await bench.owner.call('GET /api/artifacts/{id}', { params: { id } })
  expect(artifact).toMatchObject({ title: 'Figures', kind: 'page', sizeBytes: page.length, owner: { kind: 'agent' } })
  expect(artifact.expiresAt - artifact.createdAt).toBe(7_200_000)
  expect(await (await bench.owner.fetch(artifact.downloadUrl)).text()).toBe(page)
  expect(await bench.call('read_messages', { target: '#general' })).toContain('published “Figures”')
  put('.env', 'KEY=1')
  for (const path of ['.env', '../outside', 'nothing'])
    expect(await said(bench.call('publish_artifact', { path, title: 'x' }))).toStartWith('refused: ')
})

test('an agent sends files of its workspace, small and large, into channels and threads', async () => {
  const large = Buffer.alloc(5 << 20, crypto.getRandomValues(new Uint8Array(1021)))
  mkdirSync(join(bench.workspace, 'out'), { recursive: true })
  put('out/report.csv', 'a,b\n1,2\n')
  put('large.bin', large)
  const first = await bench.call('attach_file', { target: '#general', path: 'out/report.csv', text: 'as asked' })
  expect(first).toMatch(/^Sent report\.csv \(8 bytes, att_\w+\) to #general as msg_\w+\.$/)
  const root = /msg_\w+/.exec(first)?.[0] ?? ''
  const second = await bench.call('attach_file', { target: `#general:${root}`, path: 'large.bin' })
  const { message } = await bench.owner.call('GET /api/messages/{id}', {
    params: { id: /as (msg_\w+)/.exec(second)?.[1] ?? '' },
  })
  expect(message).toMatchObject({ threadId: root, content: '', sender: { id: bench.ada.id } })
  expect(message.attachments).toMatchObject([{ id: attIn(second), filename: 'large.bin', sizeBytes: large.length }])
  const content = await bench.owner.fetch(`/api/attachments/${attIn(second)}/content`)
  expect(Buffer.from(await content.bytes()).equals(large)).toBe(true)
})

test('nothing outside of the workspace is sent, nor what usually holds credentials, whatever a path is called', async () => {
  symlinkSync('/etc/passwd', join(bench.workspace, 'innocent.txt'))
  put('.env', 'TOKEN=x')
  const before = await bench.server.events()
  const refused: [string, RegExp][] = [
    ['/etc/passwd', /relative to the workspace/],
    ['../other/file', /relative to the workspace/],
    ['out/../../x', /relative to the workspace/],
    ['innocent.txt', /leads out of the workspace/],
    ['.env', /usually holds credentials/],
    ['out', /is no file/],
    ['missing.txt', /no missing\.txt/],
  ]
  for (const [path, words] of refused)
    expect(await said(bench.call('attach_file', { target: '#general', path }))).toMatch(words)
  expect(await bench.server.events()).toBe(before)
})

test('a link in the place of the folder for files leads nowhere', async () => {
  const id = await sent('b.txt', 'b')
  const folder = join(bench.workspace, 'attachments')
  const outside = join(bench.workspace, '..', `outside-${process.pid}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(outside)
  symlinkSync(outside, folder)
  try {
    expect(await said(bench.call('read_attachment', { id }))).toStartWith('refused: attachments in your workspace')
    expect(readdirSync(outside)).toEqual([])
  } finally {
    rmSync(folder)
    rmSync(outside, { recursive: true })
  }
})
