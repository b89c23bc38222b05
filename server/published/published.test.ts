import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { type Artifact, Artifact as ArtifactSchema, ErrorBody } from '@shared/contract'
import { ApiError } from '@shared/contract/client'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'

let scratch: Scratch
let server: TestServer
let owner: Caller
let member: Caller
let outsider: Caller
let box: Caller
let bot: Caller
const DEN = '#den'

const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  )
  return error instanceof ApiError ? `${error.status} ${error.code}` : 'not refused'
}

const Published = ArtifactSchema.extend({ url: ArtifactSchema.shape.openUrl })

function post(who: Caller, query: Record<string, string>, body: BodyInit = '<h1>Report</h1>', more: RequestInit = {}) {
  return who.fetch(`/api/artifacts?${new URLSearchParams(query)}`, { method: 'POST', body, ...more })
}

async function publish(who: Caller, query: Record<string, string> = {}, body?: BodyInit) {
  const response = await post(who, { filename: 'report.html', title: 'Report', ...query }, body)
  expect(response.status).toBe(201)
  return Published.parse(await response.json())
}

/** The agent is at work on a message, and what ends that. */
async function working() {
  const { message, deliveries } = await member.call('POST /api/messages', { body: { target: DEN, content: '@bot go' } })
  const { id, runId } = deliveries[0]!
  const params = { id }
  const { lease } = await box.call('POST /api/deliveries/{id}/claim', { params, body: {} })
  const body = { leaseId: lease.id, content: 'Done.' }
  return { runId: runId!, threadId: message.id, end: () => box.call('POST /api/deliveries/{id}/ack', { params, body }) }
}

const listed = async (who: Caller, query: object = {}): Promise<string[]> =>
  (await who.call('GET /api/artifacts', { query })).items.map(({ id }) => id)
const revoke = (who: Caller, { id }: Artifact) => who.call('POST /api/artifacts/{id}/revoke', { params: { id } })
/** Events about one artifact, as somebody gets them. */
const events = async (who: Caller, id: string): Promise<string[]> => {
  const seen: string[] = []
  for (let cursor: string | undefined; ;) {
    const query = { limit: 500, ...(cursor === undefined ? {} : { cursor }) }
    const page = await who.call('GET /api/events', { query })
    for (const e of page.items) if (e.kind === 'artifact' && e.aggregateId === id) seen.push(e.operation)
    if (page.items.length === 0) return seen
    cursor = page.cursor
  }
}

/** What a browser without a login gets below the hosts of previews. */
const look = (address: string, host?: string, headers: Record<string, string> = {}): Promise<Response> => {
  const url = new URL(address)
  return fetch(`http://127.0.0.1:${url.port}${url.pathname}${url.search}`, {
    redirect: 'manual',
    headers: { host: host ?? url.host, accept: 'text/html', ...headers },
  })
}
const linkOf = (who: Caller, { id }: Pick<Artifact, 'id'>) =>
  who.call('POST /api/artifacts/{id}/link', { params: { id } })

for (const storage of storages.filter((s) => s.available))
  describe(storage.name, () => {
    beforeAll(async () => {
      scratch = await storage.scratch()
      server = await startTestServer({ dsn: scratch.dsn })
      owner = await server.as('owner')
      member = await server.as('member')
      outsider = await server.as('member', 'outsider')
      box = await server.computer({ lastSeenAt: Date.now(), announced: 'online' })
      await server.services.computers.load()
      bot = await server.agent({ computerId: box.id, name: 'bot', createdBy: member.id })
      await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
      for (const [kind, { id: memberId }] of [
        ['human', member],
        ['agent', bot],
      ] as const)
        await owner.call('POST /api/channels/{target}/members', { params: { target: DEN }, body: { kind, memberId } })
    }, 60_000)
    afterAll(async () => {
      await server.stop()
      await scratch.drop()
    })

    test('what is published in a channel is said there, and is for its readers until it is taken back', async () => {
      const made = await publish(member, { target: DEN, ttl: '3600' })
      expect(made).toMatchObject({ title: 'Report', kind: 'page', target: DEN, runId: null, owner: { name: 'member' } })
      expect(made.expiresAt - made.createdAt).toBe(3_600_000)
      expect(made.url).toBe(`${server.url}${made.openUrl}`)
      const { items } = await owner.call('GET /api/messages', { query: { target: DEN, limit: 1 } })
      expect(items.at(-1)).toMatchObject({
        content: `@member published “Report” (report.html, ${made.id}).`,
        system: { type: 'artifact.published', data: { artifactId: made.id, title: 'Report' } },
      })
      for (const who of [owner, member, bot]) expect(await listed(who, { target: DEN })).toContain(made.id)
      expect(await listed(outsider)).not.toContain(made.id)
      expect(await refusal(outsider.call('GET /api/artifacts/{id}', { params: { id: made.id } }))).toBe('404 not_found')
      expect(await refusal(linkOf(outsider, made))).toBe('404 not_found')
      expect(await refusal(revoke(bot, made))).toBe('403 not_owner')
      await revoke(member, made)
      expect(await refusal(linkOf(owner, made))).toBe('404 not_found')
      expect(await events(owner, made.id)).toEqual(['created', 'deleted'])
      expect(await events(outsider, made.id)).toEqual([])
      const { items: acts } = await owner.call('GET /api/audit', { query: { limit: 10 } })
      const own = acts.filter(({ subject }) => subject === made.id).map(({ action }) => action)
      expect(own).toEqual(['artifact.revoke', 'artifact.publish'])
    })

    test('an agent publishes where it is at work, and whoever made it may take it back', async () => {
      const run = await working()
      const made = await publish(bot, {}, '{"a":1}')
      expect(made).toMatchObject({ target: DEN, runId: run.runId, kind: 'page', owner: { kind: 'agent', name: 'bot' } })
      expect(await listed(owner, { runId: run.runId })).toEqual([made.id])
      expect(await listed(outsider, { runId: run.runId })).toEqual([])
      await run.end()
      await revoke(member, made)
      expect(await listed(owner, { runId: run.runId })).toEqual([])
    })

    test('what belongs to no channel is for whoever published it, and of agents and computers for those who look after them', async () => {
      const mine = await publish(outsider)
      const idle = await publish(bot)
      const machine = await publish(box)
      expect([mine.target, idle.target, machine.owner.kind]).toEqual([null, null, 'daemon'])
      const sees = async (who: Caller) => {
        const ids = await listed(who)
        return [mine, idle, machine].map(({ id }) => ids.includes(id))
      }
      expect(await sees(outsider)).toEqual([true, false, false])
      expect(await sees(member)).toEqual([false, true, false])
      expect(await sees(owner)).toEqual([false, true, true])
      expect(await sees(bot)).toEqual([false, true, false])
      expect(await sees(box)).toEqual([false, true, true])
      expect(await events(member, idle.id)).toEqual(['created'])
      expect(await events(outsider, idle.id)).toEqual([])
      expect(await events(owner, machine.id)).toEqual(['created'])
      expect(await refusal(revoke(member, machine))).toBe('404 not_found')
      await revoke(owner, machine)
      expect(await refusal(revoke(box, idle))).toBe('403 not_owner')
      expect((await post(box, { filename: 'x', target: DEN })).status).toBe(404)
    })

    test('a list has pages and can be narrowed', async () => {
      const ids: string[] = []
      for (let n = 0; n < 3; n++) ids.unshift((await publish(member, { target: DEN, title: `Part ${n}` })).id)
      const query = { target: DEN, owner: member.id, limit: 2 }
      const first = await owner.call('GET /api/artifacts', { query })
      const rest = await owner.call('GET /api/artifacts', { query: { ...query, cursor: first.nextCursor! } })
      expect([...first.items, ...rest.items].map(({ id }) => id).slice(0, 3)).toEqual(ids)
      expect(await listed(owner, { owner: outsider.id })).toEqual([])
    })

    test('sent again with its key it is published once', async () => {
      const headers = { 'idempotency-key': crypto.randomUUID() }
      const send = async () => Published.parse(await (await post(member, { title: 'Once' }, 'x', { headers })).json())
      expect((await send()).id).toBe((await send()).id)
    })

    test.each([
      ['a life of a second', { ttl: '1' }, 400],
      ['a life of a year', { ttl: '31536000' }, 400],
      ['no media type', { mime: 'page' }, 400],
      ['a channel that is not there', { target: '#nowhere' }, 404],
      ['a thread that is not there', { target: `${DEN}:msg_0` }, 404],
    ])('%s is refused before anything is kept', async (_, query, status) => {
      const before = await server.events()
      const response = await post(member, query)
      expect(response.status).toBe(status)
      ErrorBody.parse(await response.json())
      expect(await server.events()).toBe(before)
    })

    describe('at an address of its own', () => {
      test('a page runs in a sandbox without cookies, storage or a way to fetch anything', async () => {
        const made = await publish(member, { target: DEN }, '<p>hi</p><script>document.title = 1</script>')
        const { url, expiresAt } = await linkOf(owner, made)
        expect(new URL(url).hostname).toBe(`${made.id.replace('_', '-')}.localhost`)
        expect(expiresAt).toBeGreaterThan(Date.now())
        const response = await look(url)
        expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
        expect(await response.text()).toContain('<p>hi</p>')
        const policy = response.headers.get('content-security-policy')?.split('; ') ?? []
        expect(policy).toContain("default-src 'none'")
        expect(policy.find((one) => one.startsWith('sandbox'))).not.toContain('allow-same-origin')
        expect(policy.join()).not.toContain('connect-src')
        expect(response.headers.get('set-cookie')).toBeNull()
        expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      })

      test.each([
        [
          'a picture that could hold a script',
          'a.svg',
          '<svg xmlns="http://www.w3.org/2000/svg"/>',
          'image/svg+xml; charset=utf-8',
          'inline',
        ],
        ['a text', 'a.md', '# hi', 'text/plain; charset=utf-8', 'inline'],
        ['data', 'a.bin', new Uint8Array([0, 1, 2, 3]), 'application/octet-stream', 'attachment'],
      ])('%s is shown as what it is', async (_, filename, body, type, disposition) => {
        const made = await publish(member, { target: DEN, filename }, body)
        const { headers } = await look((await linkOf(member, made)).url)
        expect(headers.get('content-type')).toBe(type)
        expect(headers.get('content-disposition')).toStartWith(disposition)
        expect(headers.get('content-security-policy')).not.toContain('allow-scripts')
      })

      test('nobody gets in with another name, an address that was changed, or one that is over', async () => {
        const made = await publish(member, { target: DEN })
        const other = await publish(member, { target: DEN })
        const { url } = await linkOf(member, made)
        const host = new URL(url).host
        expect((await look(url.replaceAll(made.id, other.id), host)).status).toBe(404)
        expect(
          (
            await look(
              url.replace(`artifacts/${made.id}`, `artifacts/${other.id}`),
              new URL((await linkOf(member, other)).url).host,
            )
          ).status,
        ).toBe(403)
        expect((await look(`${url}x`)).status).toBe(403)
        const links = server.services.files.attachments.links
        const past = Math.floor(Date.now() / 1000) - 1
        const signature = server.core.secrets.sign(`${made.id}.${past}`, 'attachment:artifact')
        expect(() => links.check('artifact', made.id, past, signature)).toThrow('over')
        const over = await look(
          `${new URL(url).origin}/.nekode/artifacts/${made.id}?expires=${past}&signature=${signature}`,
        )
        // The console makes a new address for who may still look.
        expect([over.status, over.headers.get('location')]).toEqual([
          303,
          `http://localhost:${server.port}${made.openUrl}`,
        ])
        await revoke(member, made)
        expect((await look(url)).status).toBe(410)
      })

      test('the console leads there who is logged in, and nobody else', async () => {
        const made = await publish(member, { target: DEN })
        const open = (who: Pick<Caller, 'fetch'>) => who.fetch(made.openUrl, { redirect: 'manual' })
        const [yes, guest, no] = [await open(owner), await open(server.guest), await open(outsider)]
        expect(yes.status).toBe(303)
        expect((await look(yes.headers.get('location') ?? '')).status).toBe(200)
        expect([guest.status, (await guest.text()).includes(made.openUrl)]).toEqual([200, true])
        expect(no.status).toBe(404)
      })
    })

    test('one whose time is over goes by itself, with its bytes and its event', async () => {
      const made = await publish(member, { target: DEN, ttl: '60' }, crypto.randomUUID())
      const { db } = server.core
      await db.tx(async (tx) => {
        const { attachments } = db.t
        await tx.q.update(attachments).set({ expiresAt: 1 }).where(eq(attachments.id, made.id))
      })
      expect(await listed(member)).not.toContain(made.id)
      expect((await owner.call('POST /api/artifacts/cleanup')).removed).toBe(1)
      expect(await events(member, made.id)).toEqual(['created', 'deleted'])
      const [row] = await db.q.select().from(db.t.blobs).where(eq(db.t.blobs.hash, made.sha256))
      expect(row?.refs).toBe(0)
    })
  })
