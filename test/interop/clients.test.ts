import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Code, ConnectError, type Transport, createClient } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node'
import { AgentRunPhase } from '@shared/gen/nekode/daemon/v1/archive_pb'
import { ServerEventKind } from '@shared/gen/nekode/daemon/v1/events_pb'
import { RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { DaemonControlService } from '@shared/gen/nekode/daemon/v1/service_pb'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Caller, type TestServer, startTestServer } from '../../server/testing'
import { Frames } from '../fixtures/rpc'
import { type BufOptions, bufCurl } from './buf'

/*
 * Other people's clients against the whole server: connect-go and grpc-go inside `buf curl`, connect-es in all of its protocols,
 * in clear text and over TLS, over HTTP/2 and HTTP/1.1, binary and JSON.
 */

const tls = {
  cert: join(import.meta.dir, '../fixtures/tls/cert.pem'),
  key: join(import.meta.dir, '../fixtures/tls/key.pem'),
}
const ca = readFileSync(tls.cert, 'utf8')

interface Side {
  server: TestServer
  owner: Caller
  url: string
  grpcUrl: string
}
const sides: Partial<Record<'plain' | 'secure', Side>> = {}
let names = 0

const side = (which: 'plain' | 'secure'): Side => {
  const found = sides[which]
  if (!found) throw new Error(`the ${which} server is not there`)
  return found
}

beforeAll(async () => {
  for (const which of ['plain', 'secure'] as const) {
    const flags = {
      'grpc-addr': '127.0.0.1:0',
      ...(which === 'secure' ? { 'tls-cert': tls.cert, 'tls-key': tls.key } : {}),
    }
    const server = await startTestServer({ flags })
    const scheme = which === 'secure' ? 'https' : 'http'
    sides[which] = {
      server,
      owner: await server.as('owner'),
      url: server.url,
      grpcUrl: `${scheme}://127.0.0.1:${server.grpcPort}`,
    }
  }
})
afterAll(async () => {
  for (const { server } of Object.values(sides)) await server.stop()
})

/** A computer with an agent of its own. */
async function machine(which: 'plain' | 'secure') {
  const { server } = side(which)
  const computer = await server.computer()
  const name = `bot${++names}`
  return {
    token: computer.token,
    computerId: computer.id,
    name,
    agent: await server.agent({ computerId: computer.id, name }),
  }
}

/** A person asks an agent something, behind the API's back: over TLS our own HTTP client would need the certificate. */
async function ask(which: 'plain' | 'secure', name: string): Promise<string> {
  const { server, owner } = side(which)
  const { core, services } = server
  const p = await core.credentials.resolve(owner.token)
  if (p.kind !== 'user') throw new Error('the owner is a person')
  const { deliveries } = await services.messages.post(p, { target: '#general', content: `@${name} hi` })
  return deliveries[0]!.runId!
}

type Kind = 'connect' | 'grpc-web' | 'grpc'
const versions: [kind: Kind, which: 'plain' | 'secure', httpVersion: '1.1' | '2'][] = [
  ['connect', 'plain', '2'],
  ['connect', 'plain', '1.1'],
  ['connect', 'secure', '2'],
  ['connect', 'secure', '1.1'],
  ['grpc-web', 'plain', '2'],
  ['grpc-web', 'plain', '1.1'],
  ['grpc-web', 'secure', '2'],
  ['grpc', 'plain', '2'],
  ['grpc', 'secure', '2'],
]
const forms = versions.flatMap((row) => [true, false].map((binary) => [...row, binary] as const))

for (const [kind, which, httpVersion, binary] of forms) {
  const format = binary ? 'binary' : 'JSON'
  describe(`connect-es: ${kind} ${format} over HTTP/${httpVersion}${which === 'secure' ? ' and TLS' : ''}`, () => {
    const transport = (token: string): Transport => {
      const { url, grpcUrl } = side(which)
      const options = {
        baseUrl: kind === 'grpc' ? grpcUrl : url,
        useBinaryFormat: binary,
        nodeOptions: which === 'secure' ? { ca } : {},
        interceptors: [
          (next: (req: never) => Promise<never>) => (req: { header: Headers }) => {
            req.header.set('authorization', `Bearer ${token}`)
            return next(req as never)
          },
        ] as never[],
      }
      if (kind === 'grpc') return createGrpcTransport(options)
      return kind === 'connect'
        ? createConnectTransport({ ...options, httpVersion })
        : createGrpcWebTransport({ ...options, httpVersion })
    }
    const client = (token: string) => createClient(DaemonControlService, transport(token))

    test('answers, streams both ways, and refuses with code and reason', async () => {
      const { token, computerId, name, agent } = await machine(which)
      const rpc = client(token)
      const { serverId } = await rpc.getServerInfo({})
      expect(serverId).toBe(side(which).server.core.serverId)
      await rpc.registerComputer({ info: { computerId, daemonId: 'd' } })

      const frames = new Frames((options) => rpc.subscribeServerEvents({ includeAllAgents: true }, options))
      expect((await frames.next()).event?.kind).toBe(ServerEventKind.PING)
      const runId = await ask(which, name)
      expect((await frames.next()).event?.payload).toMatchObject({ case: 'run', value: { runId } })
      await frames.close()

      async function* events() {
        for (const phase of [AgentRunPhase.START, AgentRunPhase.OUTPUT, AgentRunPhase.END])
          yield { runId, agentId: agent.id, computerId, phase }
      }
      expect(await rpc.reportAgentRun(events())).toMatchObject({ persistedCount: 3n, droppedCount: 0n })

      await rpc.updateRunStatus({ runId, state: RunState.RUNNING, leaseId: 'l' })
      const resultMessage = 'äöü 😀 '.repeat(2000)
      expect(
        await rpc.updateRunStatus({ runId, state: RunState.COMPLETED, leaseId: 'l', resultMessage }),
      ).toMatchObject({
        accepted: true,
      })
      const { messages } = await rpc.readMessages({ target: (await rpc.getRun({ runId })).run!.target })
      expect(messages[0]?.content).toBe(resultMessage)

      const failure = await rpc.getRun({ runId: 'run_0' }).then(
        () => undefined,
        (error: unknown) => ConnectError.from(error),
      )
      expect([failure?.code, failure?.rawMessage]).toEqual([Code.NotFound, 'There is no such run.'])
      const refused = await client('ndt_nobody')
        .getServerInfo({})
        .then(
          () => undefined,
          (error: unknown) => ConnectError.from(error),
        )
      expect([refused?.code, refused?.metadata.get('nekode-error')]).toEqual([Code.Unauthenticated, 'token_invalid'])
    })

    test('a stream ends with its deadline and with its credential', async () => {
      const { token, computerId } = await machine(which)
      const rpc = client(token)
      const timed = new Frames((options) => rpc.subscribeServerEvents({}, { ...options, timeoutMs: 150 }))
      await timed.next()
      expect(await timed.ending()).toBe('deadline_exceeded')
      const frames = new Frames((options) => rpc.subscribeServerEvents({}, options))
      await frames.next()
      const { credentials, db } = side(which).server.core
      await db.tx((tx) => credentials.revoke(tx, { kind: 'computer', ownerId: computerId }))
      expect(await frames.ending()).toBe('unauthenticated token_invalid')
    })
  })
}

const go: [what: string, which: 'plain' | 'secure', options: Pick<BufOptions, 'protocol' | 'h2c'>][] = [
  ['Connect over h2c', 'plain', { protocol: 'connect', h2c: true }],
  ['Connect over HTTP/1.1', 'plain', { protocol: 'connect' }],
  ['Connect over TLS', 'secure', { protocol: 'connect' }],
  ['gRPC-Web over h2c', 'plain', { protocol: 'grpcweb', h2c: true }],
  ['gRPC-Web over HTTP/1.1', 'plain', { protocol: 'grpcweb' }],
  ['gRPC-Web over TLS', 'secure', { protocol: 'grpcweb' }],
  ['gRPC over h2c', 'plain', { protocol: 'grpc', h2c: true }],
  ['gRPC over TLS', 'secure', { protocol: 'grpc' }],
]

for (const [what, which, options] of go)
  describe(`a Go client: ${what}`, () => {
    const call = (method: string, token: string, more: Partial<BufOptions> = {}) => {
      const { url, grpcUrl } = side(which)
      return bufCurl({
        ...options,
        ...more,
        url: options.protocol === 'grpc' ? grpcUrl : url,
        method,
        token,
        ...(which === 'secure' ? { ca: tls.cert } : {}),
      })
    }

    test('answers, streams both ways, and refuses with a code', async () => {
      const { token, computerId, name, agent } = await machine(which)
      const info = await call('GetServerInfo', token)
      expect({ ...info, output: JSON.parse(info.output || '{}').serverId }).toEqual({
        exitCode: 0,
        output: side(which).server.core.serverId,
        error: '',
      })
      const runId = await ask(which, name)
      const stream = await call('SubscribeServerEvents', token, {
        data: JSON.stringify({ computerId, includeAllAgents: true }),
        until: (output) => output.includes(runId),
      })
      expect(stream.output).toContain('SERVER_EVENT_KIND_PING')
      expect(stream.output).toContain(runId)
      const sent = ['START', 'OUTPUT', 'END'].map((phase) =>
        JSON.stringify({ runId, agentId: agent.id, computerId, phase: `AGENT_RUN_PHASE_${phase}` }),
      )
      const reported = await call('ReportAgentRun', token, { data: sent.join('\n') })
      expect([reported.error, JSON.parse(reported.output || '{}')]).toEqual(['', { persistedCount: '3' }])
      const refused = await call('GetServerInfo', 'ndt_nobody')
      // buf ends with eight times the code: 16, unauthenticated.
      expect(refused.exitCode).toBe(Code.Unauthenticated * 8)
      expect(JSON.parse(refused.error)).toMatchObject({ code: 'unauthenticated' })
      const missing = await call('GetRun', token, { data: '{"runId": "run_0"}' })
      expect(JSON.parse(missing.error)).toMatchObject({ code: 'not_found', message: 'There is no such run.' })
    }, 60_000)
  })

test('native gRPC on the main port is told where to go', async () => {
  const { token } = await machine('plain')
  const { exitCode, error } = await bufCurl({
    url: side('plain').url,
    method: 'GetServerInfo',
    protocol: 'grpc',
    h2c: true,
    token,
  })
  expect(exitCode).not.toBe(0)
  expect(error).toContain('415')
})
