import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { TunnelAccessPolicy, TunnelState } from '@shared/gen/nekode/daemon/v1/tunnels_pb'
import type { Tunnel } from '@shared/contract'
import { ApiError } from '@shared/contract/client'
import { refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'

let scratch: Scratch
let server: TestServer
let owner: Caller
let member: Caller
let outsider: Caller
let viewer: Caller
let box: Caller
let bot: Caller
const DEN = '#den'

let port = 20_000
/** Ports differ, so that no request is a repetition of another. */
const next = (): number => port++

const said = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'ok'
  } catch (error) {
    if (error instanceof ApiError) return `${error.status} ${error.code}`
    throw error
  }
}

/** A run of the bot that is under way in the den. */
async function working(): Promise<{ runId: string; end: () => Promise<unknown> }> {
  const rpc = rpcClient(server.url, box.token)
  const { deliveries } = await owner.call('POST /api/messages', { body: { target: DEN, content: '@bot show me' } })
  const runId = deliveries[0]?.runId ?? ''
  const leaseId = `l_${runId}`
  await rpc.updateRunStatus({ runId, leaseId, state: RunState.RUNNING })
  return {
    runId,
    end: () => rpc.updateRunStatus({ runId, leaseId, state: RunState.COMPLETED, resultMessage: 'there' }),
  }
}

const requested = (localPort = next()): Promise<Tunnel> =>
  bot.call('POST /api/tunnels', { body: { localPort, label: 'the site', target: DEN } })

const act = (who: Caller, verb: 'approve' | 'reject' | 'close' | 'extend', id: string): Promise<string> => {
  const params = { id }
  if (verb === 'approve') return said(who.call('POST /api/tunnels/{id}/approve', { params }))
  if (verb === 'reject') return said(who.call('POST /api/tunnels/{id}/reject', { params, body: {} }))
  if (verb === 'close') return said(who.call('POST /api/tunnels/{id}/close', { params, body: {} }))
  return said(who.call('POST /api/tunnels/{id}/extend', { params, body: {} }))
}

const lastMessage = async (threadId?: string | null): Promise<{ content: string; type: string | undefined }> => {
  const query = { target: DEN, limit: 50, ...(threadId ? { threadId } : {}) }
  const { items } = await owner.call('GET /api/messages', { query })
  const message = items.toSorted((a, b) => (a.id < b.id ? -1 : 1)).at(-1)
  return { content: message?.content ?? '', type: message?.system?.type }
}

for (const storage of storages.filter((s) => s.available))
  describe(storage.name, () => {
    beforeAll(async () => {
      scratch = await storage.scratch()
      server = await startTestServer({ dsn: scratch.dsn })
      owner = await server.as('owner')
      member = await server.as('member')
      outsider = await server.as('member', 'outsider')
      viewer = await server.as('viewer')
      box = await server.computer({ lastSeenAt: Date.now(), announced: 'online' })
      await server.services.computers.load()
      bot = await server.agent({ computerId: box.id, name: 'bot' })
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

    describe('an agent’s request', () => {
      test('waits for a person: in the thread, among the approvals, and after its run is over', async () => {
        const run = await working()
        const localPort = next()
        const tunnel = await bot.call('POST /api/tunnels', { body: { localPort, label: 'the site' } })
        expect(tunnel).toMatchObject({
          state: 'pending_approval',
          target: DEN,
          runId: run.runId,
          accessPolicy: 'members',
        })
        expect(await lastMessage(tunnel.threadId)).toMatchObject({
          type: 'tunnel.requested',
          content: `@bot asks to show a preview of port ${localPort} (the site) here. Somebody who may write here has to allow it.`,
        })
        await run.end()
        const { items } = await member.call('GET /api/approvals', { query: { state: 'pending', runId: run.runId } })
        expect(items).toMatchObject([{ name: 'open_preview', title: `Show a preview of port ${localPort}: the site` }])
        await member.call('POST /api/approvals/{id}/decision', {
          params: { id: items[0]?.id ?? '' },
          body: { allow: true },
        })
        const opened = await member.call('GET /api/tunnels/{id}', { params: { id: tunnel.id } })
        expect(opened).toMatchObject({ state: 'active', approvedBy: { name: 'member' } })
        expect(opened.expiresAt - (opened.approvedAt ?? 0)).toBe(7_200_000)
        const { type, content } = await lastMessage(tunnel.threadId)
        expect(type).toBe('tunnel.opened')
        expect(content).toEndWith(opened.url ?? 'no address')
      })

      test('that is approved by itself settles the approval too', async () => {
        const run = await working()
        const tunnel = await bot.call('POST /api/tunnels', { body: { localPort: next() } })
        expect(await act(member, 'reject', tunnel.id)).toBe('ok')
        const { items } = await member.call('GET /api/approvals', { query: { runId: run.runId } })
        expect(items.map(({ state }) => state)).toEqual(['denied'])
        expect(await act(member, 'approve', tunnel.id)).toBe('409 illegal_transition')
        await run.end()
      })

      test('repeated is the same request', async () => {
        const localPort = next()
        expect((await requested(localPort)).id).toBe((await requested(localPort)).id)
      })

      test('without a run needs a place, and only its own computer counts', async () => {
        expect(await said(bot.call('POST /api/tunnels', { body: { localPort: next() } }))).toBe('400 target_missing')
        const other = await server.computer()
        const body = { localPort: next(), target: DEN, computerId: other.id }
        expect(await said(bot.call('POST /api/tunnels', { body }))).toBe('403 foreign_computer')
        const elsewhere = { localPort: next(), target: '#nowhere' }
        expect(await said(bot.call('POST /api/tunnels', { body: elsewhere }))).toBe('404 not_found')
      })

      test('to everybody on the net is for admins to allow', async () => {
        const body = { localPort: next(), target: DEN, accessPolicy: 'public' as const }
        const { id } = await bot.call('POST /api/tunnels', { body })
        expect([await act(member, 'approve', id), await act(owner, 'approve', id)]).toEqual([
          '403 not_yours_to_decide',
          'ok',
        ])
      })
    })

    describe('a person’s tunnel', () => {
      const create = (who: Caller, body: object): Promise<string> =>
        said(who.call('POST /api/tunnels', { body: { computerId: box.id, localPort: next(), ...body } }))

      test('is active at once for an admin, and for who shares its channel with an agent there', async () => {
        expect(await create(owner, {})).toBe('ok')
        expect(await create(owner, { accessPolicy: 'public' })).toBe('ok')
        expect(await create(member, { target: DEN })).toBe('ok')
        expect(await lastMessage()).toMatchObject({ type: 'tunnel.opened' })
      })

      test.each([
        ['a member without a channel', () => member, {}, '403 foreign_computer'],
        ['a member for everybody', () => member, { target: DEN, accessPolicy: 'public' }, '403 public_needs_admin'],
        ['an outsider there', () => outsider, { target: DEN }, '404 not_found'],
        ['a viewer', () => viewer, { target: '#general' }, '403 viewer'],
        ['for members of no channel', () => owner, { accessPolicy: 'members' }, '400 target_missing'],
        ['to a computer that is not there', () => owner, { computerId: 'cmp_none' }, '404 computer_unknown'],
        ['to no port', () => owner, { localPort: 0 }, '400 invalid_request'],
        ['for longer than a day', () => owner, { ttlSeconds: 86_401 }, '400 invalid_request'],
        ['in a thread that is not there', () => owner, { target: `${DEN}:msg_none` }, '404 not_found'],
      ])('is refused: %s', async (_, who, body, expected) => {
        const before = await server.events()
        expect(await create(who(), body)).toBe(expected)
        expect(await server.events()).toBe(before)
      })

      test('has an end to how many there are', async () => {
        const many = await server.computer()
        for (let i = 0; i < 50; i++) expect(await create(owner, { computerId: many.id })).toBe('ok')
        expect(await create(owner, { computerId: many.id })).toBe('429 too_many_tunnels')
      })
    })

    describe('who may see and decide', () => {
      test('is who shares the channel; for anybody else it does not exist', async () => {
        const { id } = await requested()
        const seen = async (who: Caller): Promise<string> => said(who.call('GET /api/tunnels/{id}', { params: { id } }))
        const listed = async (who: Caller): Promise<boolean> =>
          (await who.call('GET /api/tunnels', { query: { limit: 200 } })).items.some((one) => one.id === id)
        const stranger = await server.agent({ name: 'stranger' })
        for (const who of [member, owner, bot, box]) expect([await seen(who), await listed(who)]).toEqual(['ok', true])
        for (const who of [outsider, viewer, stranger, await server.computer()])
          expect([await seen(who), await listed(who)]).toEqual(['404 not_found', false])
        for (const verb of ['approve', 'reject', 'close', 'extend'] as const)
          expect(await act(outsider, verb, id)).toBe('404 not_found')
        expect([await act(bot, 'approve', id), await act(box, 'approve', id)]).toEqual([
          '403 wrong_principal',
          '403 wrong_principal',
        ])
      })

      test('an agent and its computer may close what is theirs, nobody else’s', async () => {
        const [a, b] = [await requested(), await requested()]
        expect([await act(bot, 'close', a.id), await act(box, 'close', b.id)]).toEqual(['ok', 'ok'])
        const mine = await owner.call('POST /api/tunnels', {
          body: { computerId: box.id, localPort: next(), target: DEN },
        })
        expect(await act(bot, 'close', mine.id)).toBe('403 forbidden')
        expect(await act(owner, 'close', mine.id)).toBe('ok')
        expect(await act(owner, 'close', mine.id)).toBe('409 illegal_transition')
      })

      test('every act is in the audit log', async () => {
        const { id } = await requested()
        for (const verb of ['approve', 'extend', 'close'] as const) expect(await act(member, verb, id)).toBe('ok')
        const { items } = await owner.call('GET /api/audit', { query: { limit: 20 } })
        expect(items.filter(({ subject }) => subject === id).map(({ action }) => action)).toEqual([
          'tunnel.close',
          'tunnel.extend',
          'tunnel.approve',
          'tunnel.request',
        ])
      })

      test('to admins who are not in its channel the audit log names the channel by its id alone', async () => {
        const { id } = await requested()
        await act(owner, 'close', id)
        const { items } = await (await server.as('admin')).call('GET /api/audit', { query: { subject: id } })
        const { id: channelId } = await owner.call('GET /api/channels/{target}', { params: { target: DEN } })
        expect(items.map(({ detail }) => detail['channelId'])).toEqual([channelId, channelId])
        expect(JSON.stringify(items)).not.toContain(DEN)
      })
    })

    describe('the end of a tunnel', () => {
      const state = async (id: string): Promise<string> => {
        const { state, closeReason } = await owner.call('GET /api/tunnels/{id}', { params: { id } })
        return `${state} ${closeReason}`.trim()
      }
      const becomes = async (id: string, expected: string): Promise<void> => {
        for (let tries = 0; tries < 500 && (await state(id)) !== expected; tries++) await Bun.sleep(10)
        expect(await state(id)).toBe(expected)
      }

      test('comes with its time, and not before it is extended to', async () => {
        const { id } = await requested()
        await act(member, 'approve', id)
        const late = Date.now() + 7_300_000
        await server.services.tunnels.reap(Date.now() + 7_100_000)
        expect(await state(id)).toBe('active')
        await owner.call('POST /api/tunnels/{id}/extend', { params: { id }, body: { ttlSeconds: 86_400 } })
        await server.services.tunnels.reap(late)
        expect(await state(id)).toBe('active')
        await server.services.tunnels.reap(Date.now() + 86_500_000)
        expect(await state(id)).toBe('closed ttl_expired')
      })

      test('comes with whoever opened it: an agent that leaves, a channel that is archived', async () => {
        const channel = await owner.call('POST /api/channels', { body: { name: 'cellar', visibility: 'private' } })
        const params = { target: channel.target }
        await owner.call('POST /api/channels/{target}/members', { params, body: { kind: 'agent', memberId: bot.id } })
        const ask = (): Promise<Tunnel> =>
          bot.call('POST /api/tunnels', { body: { localPort: next(), target: channel.target } })
        const first = await ask()
        await owner.call('DELETE /api/channels/{target}/members/{kind}/{memberId}', {
          params: { ...params, kind: 'agent', memberId: bot.id },
        })
        await becomes(first.id, 'closed agent_left')
        await owner.call('POST /api/channels/{target}/members', { params, body: { kind: 'agent', memberId: bot.id } })
        const second = await ask()
        await owner.call('DELETE /api/channels/{target}', { params })
        await becomes(second.id, 'closed channel_archived')
      })

      test('comes with its computer', async () => {
        const gone = await server.computer()
        const { id } = await owner.call('POST /api/tunnels', { body: { computerId: gone.id, localPort: next() } })
        await owner.call('DELETE /api/computers/{id}', { params: { id: gone.id } })
        await becomes(id, 'closed computer_removed')
      })
    })

    describe('over the wire', () => {
      test('a computer asks for its agent, a person decides, and nobody else', async () => {
        const [computer, person] = [rpcClient(server.url, box.token), rpcClient(server.url, owner.token)]
        await working()
        const { tunnel } = await computer.createTunnel({
          computerId: box.id,
          localPort: next(),
          label: 'x',
          ttlSeconds: 600,
        })
        expect(tunnel).toMatchObject({ state: TunnelState.PENDING_APPROVAL, creatorId: bot.id, token: '' })
        const tunnelId = tunnel?.tunnelId ?? ''
        expect(await refusal(computer.approveTunnel({ tunnelId }))).toBe('permission_denied wrong_principal')
        expect((await person.approveTunnel({ tunnelId })).tunnel).toMatchObject({
          state: TunnelState.ACTIVE,
          approvedBy: owner.id,
        })
        const { tunnels } = await computer.listTunnels({ stateFilter: TunnelState.ACTIVE })
        expect(tunnels.map((one) => one.tunnelId)).toContain(tunnelId)
        expect((await computer.closeTunnel({ tunnelId, reason: 'done' })).tunnel).toMatchObject({
          state: TunnelState.CLOSED,
          closeReason: 'done',
        })
        expect(await refusal(person.rejectTunnel({ tunnelId }))).toBe('failed_precondition illegal_transition')
      })

      test('what is no port, policy or state is refused', async () => {
        const rpc = rpcClient(server.url, owner.token)
        const wrong = [
          rpc.createTunnel({ computerId: box.id, localPort: 70_000 }),
          rpc.createTunnel({ computerId: box.id, localPort: next(), accessPolicy: 77 as TunnelAccessPolicy }),
          rpc.createTunnel({ computerId: box.id, localPort: next(), ttlSeconds: 1 }),
          rpc.listTunnels({ stateFilter: 77 as TunnelState }),
        ]
        for (const call of wrong) expect(await refusal(call)).toStartWith('invalid_argument')
        const other = await server.computer()
        const foreign = rpcClient(server.url, box.token).createTunnel({ computerId: other.id, localPort: next() })
        expect(await refusal(foreign)).toBe('permission_denied foreign_computer')
      })
    })
  })
