import { Code, ConnectError } from '@connectrpc/connect'
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { FakeControl, type FakeRun, TLS, until } from '../../test/fixtures/control'
import { DaemonHere } from '../../test/fixtures/daemon'
import { Backoff } from './backoff'

let server: FakeControl
let here: DaemonHere
beforeEach(() => {
  server = new FakeControl().start()
  server.addAgent('ada')
  here = new DaemonHere(server)
})
afterEach(async () => {
  await here.clean()
  await server.stop()
})

const over = (run: FakeRun) => until('the run is over', () => run.state === RunState.COMPLETED)
const count = (name: string) => server.calls.filter((call) => call === name).length
const said = (text: string) => here.lines.filter((line) => line.includes(text))

test('a session is set up in the order that the protocol names', async () => {
  await here.start()
  await until('it is up', () => count('SubscribeServerEvents') > 0 && count('FetchAssignedRuns') > 0)
  expect(server.calls.slice(0, 2)).toEqual(['GetServerInfo', 'RegisterComputer'])
  expect(here.daemon.session.state).toBe('online')
})

test('where only HTTP/1.1 gets through, everything works over it', async () => {
  await server.stop()
  server.start({ http2: false })
  await here.start()
  await over(server.assign('ada', 'hello'))
  expect(said('mode=http/1.1')).toHaveLength(1)
})

test('over TLS the certificate is checked, by the authority that the settings name', async () => {
  await server.stop()
  server.start({ tls: true })
  await here.start()
  await until('it is not trusted', () => here.daemon.session.state === 'offline')
  expect(server.calls).toEqual([])
  await here.stop()
  here.settings.caFile = TLS.cert
  await here.start()
  await over(server.assign('ada', 'hello'))
  expect(said('mode=h2')).toHaveLength(1)
})

test('a stream that is cut is opened again and nothing is missed or done twice', async () => {
  await here.start()
  const runs: FakeRun[] = []
  for (let i = 0; i < 10; i++) {
    runs.push(server.assign('ada', `message ${i}`, `#${i}`))
    server.cut()
  }
  for (const run of runs) await over(run)
  expect(here.drivers[0]?.sent).toHaveLength(10)
  expect(here.drivers[0]?.sent.map((text) => text.split('\n').at(-1))).toEqual(runs.map(({ text }) => text))
})

test('a server that is restarted gets its daemon back, with what happened meanwhile', async () => {
  await here.start()
  await over(server.assign('ada', 'before'))
  await server.stop()
  const run = server.assign('ada', 'while it was away')
  await until('the daemon has noticed', () => here.daemon.session.state === 'offline')
  server.start()
  await over(run)
  expect(said('the server cannot be reached')).toHaveLength(1)
  expect(count('RegisterComputer')).toBe(2)
})

test('the cursor survives a restart: events are not taken in twice', async () => {
  await here.start()
  await over(server.assign('ada', 'one'))
  await until('it is acknowledged', () => server.acknowledged === 1n)
  await here.stop()
  await here.start()
  await over(server.assign('ada', 'two'))
  expect(here.drivers.flatMap(({ sent }) => sent)).toHaveLength(2)
  await until('the second is acknowledged', () => server.acknowledged === 2n)
})

test('a refused token is said once and tried again slowly, not in a loop', async () => {
  server.token = 'ndt_another'
  here.settings.token = 'ndt_revoked'
  await here.start()
  await until('it is refused', () => here.daemon.session.state === 'refused')
  await Bun.sleep(500)
  expect(count('GetServerInfo')).toBe(1)
  expect(said('the server refuses this computer')).toHaveLength(1)
  expect(said('Enroll this computer again')).toHaveLength(1)
})

test('a token that is revoked in the middle of a session ends it', async () => {
  await here.start()
  await until('it is online', () => here.daemon.session.state === 'online')
  server.token = 'ndt_another'
  server.cut()
  await until('it is refused', () => here.daemon.session.state === 'refused')
})

test('work ends when the server revokes the token, and not when something on the way refuses it', async () => {
  here.script = () => undefined
  await here.start()
  const run = server.assign('ada', 'a long turn')
  const driver = await until('the turn', () => here.drivers.find(({ sent }) => sent.length > 0))
  server.fault = () => new ConnectError('log in at the proxy', Code.Unauthenticated)
  server.cut()
  await until('it is refused', () => here.daemon.session.state === 'refused')
  await Bun.sleep(100)
  expect([driver.interrupts, driver.stops]).toEqual([0, 0])
  await here.stop()

  server.fault = () => undefined
  await here.start()
  const again = await until('the next attempt', () => here.drivers.find((one) => one !== driver && one.sent.length > 0))
  expect(run.attempt).toBe(2)
  server.token = 'ndt_another'
  server.cut()
  await until('the turn is stopped', () => again.stops > 0)
  expect(again.busy).toBe(false)
})

test('a server that speaks another protocol is not worked with', async () => {
  server.fault = (method) =>
    method === 'getServerInfo' ? new ConnectError('protocol 7', Code.FailedPrecondition) : undefined
  await here.start()
  await until('it is refused', () => here.daemon.session.state === 'refused')
  expect(count('RegisterComputer')).toBe(0)
})

test('a journal of another server means nothing here: its cursor, runs and reports are forgotten', async () => {
  await here.start()
  await over(server.assign('ada', 'one'))
  await here.stop()
  server.serverId = 'srv_other'
  const run = server.assign('ada', 'two')
  await here.start()
  await over(run)
  expect(said('belongs to another server')).toHaveLength(1)
})

test('a second daemon in the same home does not start', async () => {
  await here.start()
  const second = new DaemonHere(server)
  Object.assign(second, { home: here.home })
  await expect(second.start()).rejects.toThrow(`Another nekode-daemon (process ${process.pid}`)
  expect(here.daemon.session.state).not.toBe('stopped')
})

test('waiting times double to a limit, differ, and start over after a success', () => {
  const middle = new Backoff({ firstMs: 100, maxMs: 1000, random: () => 0.5 })
  expect(Array.from({ length: 6 }, () => middle.next())).toEqual([75, 150, 300, 600, 750, 750])
  middle.reset()
  expect(middle.next()).toBe(75)
  const spread = Array.from({ length: 50 }, () => new Backoff({ firstMs: 100, maxMs: 1000 }).next())
  expect(Math.min(...spread)).toBeGreaterThanOrEqual(50)
  expect(Math.max(...spread)).toBeLessThanOrEqual(100)
})
