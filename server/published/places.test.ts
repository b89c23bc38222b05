import { expect, test } from 'bun:test'
import { ErrorBody } from '@shared/contract'
import { type Caller, type TestServer, startTestServer } from '../testing'

async function publish(owner: Caller, name = 'a.html'): Promise<{ id: string; url: string; openUrl: string }> {
  const response = await owner.fetch(`/api/artifacts?filename=${name}`, { method: 'POST', body: '<b>x</b>' })
  expect(response.status).toBe(201)
  return response.json()
}
const linkTo = (owner: Caller, id: string) => owner.call('POST /api/artifacts/{id}/link', { params: { id } })

test('where previews have no address of their own a page is shown without its scripts', async () => {
  const server = await startTestServer({ flags: { 'base-url': 'http://nekode.example' } })
  const owner = await server.as('owner')
  const made = await owner.fetch('/api/artifacts?filename=a.html', { method: 'POST', body: '<b>x</b>' })
  const { id, url }: { id: string; url: string } = await made.json()
  expect(url).toBe(`http://nekode.example/api/artifacts/${id}/open`)
  const link = await owner.call('POST /api/artifacts/{id}/link', { params: { id } })
  const { pathname, search } = new URL(link.url)
  expect(pathname).toBe(`/api/artifacts/${id}/view`)
  const response = await server.guest.fetch(pathname + search)
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  const policy = response.headers.get('content-security-policy') ?? ''
  expect(policy).toContain('sandbox')
  expect(policy).not.toContain('script')
  expect((await server.guest.fetch(`${pathname}?expires=1&signature=x`)).status).toBe(403)
  await server.stop()
})

test('with a second port for previews it is shown there, and nothing of the console is', async () => {
  const server: TestServer = await startTestServer({
    flags: { 'base-url': 'http://nekode.example', 'preview-addr': '127.0.0.1:0' },
  })
  const owner = await server.as('owner')
  const { id } = await publish(owner)
  const { url } = await linkTo(owner, id)
  const { host, pathname, search } = new URL(url)
  expect([host, pathname]).toEqual([`nekode.example:${server.previewPort}`, `/.nekode/artifacts/${id}`])
  const there = `http://127.0.0.1:${server.previewPort}`
  const response = await fetch(`${there}${pathname}${search}`)
  expect(await response.text()).toBe('<b>x</b>')
  expect(response.headers.get('content-security-policy')).toContain('sandbox allow-scripts')
  expect((await fetch(`${there}/api/artifacts/${id}`)).status).not.toBe(200)
  expect((await fetch(`${there}${pathname}${search}`, { method: 'POST' })).status).toBe(400)
  await server.stop()
})

test('below a domain for previews each has a host of its own', async () => {
  const flags = { 'base-url': 'https://nekode.example', 'preview-domain': 'preview.nekode.example' }
  const server = await startTestServer({ flags })
  const owner = await server.as('owner')
  const [one, other] = [await publish(owner), await publish(owner, 'b.html')]
  const hosts = await Promise.all([one, other].map(async ({ id }) => new URL((await linkTo(owner, id)).url)))
  expect(hosts.map(({ origin }) => origin)).toEqual(
    [one, other].map(({ id }) => `https://${id.replace('_', '-')}.preview.nekode.example`),
  )
  await server.stop()
})

test('what is larger than a file may be is refused', async () => {
  const server = await startTestServer({ env: { NEKODE_MAX_FILE_SIZE: '1KB' } })
  const owner = await server.as('owner')
  const response = await owner.fetch('/api/artifacts', { method: 'POST', body: 'x'.repeat(5000) })
  expect([response.status, ErrorBody.parse(await response.json()).code]).toEqual([413, 'too_large'])
  expect((await owner.call('GET /api/artifacts')).items).toEqual([])
  await server.stop()
})
