import { describe, expect, test } from 'bun:test'
import { NekodeError, errorText } from '@shared/errors'
import type { Exchange } from './exchange'
import { ATTACH, FRAME_BYTES, Kind, LEGACY_FRAME_BYTES, type ProxyFrame, WINDOW_BYTES } from './frames'
import { Mux } from './mux'

interface Ends {
  server: Mux
  daemon: Mux
  /** Requests as the daemon gets them. */
  requests: { exchange: Exchange; start: ProxyFrame }[]
  /** Everything that went over the wire. */
  wire: { from: 'server' | 'daemon'; frame: ProxyFrame }[]
  /** Carries frames until both ends are idle. */
  carry(): Promise<void>
}

/** Two ends and a wire that carries only when it is told to. */
function connect(knows: 'windows' | 'no windows' = 'windows'): Ends {
  const window = knows === 'windows' ? WINDOW_BYTES : undefined
  const requests: Ends['requests'] = []
  const wire: Ends['wire'] = []
  const server = new Mux({ role: 'server', window })
  const daemon = new Mux({
    role: 'daemon',
    window,
    onRequest: (exchange, start) => void requests.push({ exchange, start }),
  })
  const idle = Symbol('idle')
  const pending = new Map<Mux, Promise<ProxyFrame | undefined>>()
  const step = async (from: 'server' | 'daemon'): Promise<boolean> => {
    const [here, there] = from === 'server' ? [server, daemon] : [daemon, server]
    const next = pending.get(here) ?? here.take()
    const frame = await Promise.race([next, Bun.sleep(0).then(() => idle)])
    if (typeof frame === 'symbol') {
      pending.set(here, next)
      return false
    }
    pending.delete(here)
    if (!frame) return false
    wire.push({ from, frame })
    void there.receive(frame)
    return true
  }
  const carry = async (): Promise<void> => {
    for (;;) if (!(await step('server')) && !(await step('daemon'))) return
  }
  return { server, daemon, requests, wire, carry }
}

const start = (requestId: string) => ({ tunnelId: 'tun_1', requestId, method: 'GET', path: '/' })

async function ask(ends: Ends, id = 'r1'): Promise<{ asked: Exchange; got: Exchange }> {
  const asked = ends.server.open(start(id))
  await ends.carry()
  const got = ends.requests.find(({ exchange }) => exchange.requestId === id)?.exchange
  if (!got) throw new Error('the request did not arrive')
  return { asked, got }
}

async function readAll(exchange: Exchange): Promise<number> {
  let size = 0
  for (let chunk = await exchange.read(); chunk; chunk = await exchange.read()) size += chunk.length
  return size
}

const kinds = ({ wire }: Ends, from: 'server' | 'daemon'): Kind[] =>
  wire.filter((one) => one.from === from).map(({ frame }) => frame.kind)

describe('a request and its answer', () => {
  test('go both ways and end', async () => {
    const ends = connect()
    const { asked, got } = await ask(ends)
    void asked.write(new Uint8Array(10)).then(() => asked.end())
    await ends.carry()
    expect(await readAll(got)).toBe(10)
    got.respond(201, [
      ['a', '1'],
      ['A', '2'],
    ])
    void got.write(new Uint8Array(20)).then(() => got.end())
    await ends.carry()
    const head = await asked.head
    expect([head.statusCode, head.responseHeaders.map(({ name, value }) => [name, value])]).toEqual([
      201,
      [['a', ['1', '2']]],
    ])
    expect(await readAll(asked)).toBe(20)
    expect([ends.server.size, ends.daemon.size]).toEqual([0, 0])
  })

  test('frames have no more than the largest piece', async () => {
    const ends = connect()
    const { asked } = await ask(ends)
    void asked.write(new Uint8Array(FRAME_BYTES * 2 + 1))
    await ends.carry()
    const sizes = ends.wire
      .filter(({ frame }) => frame.kind === Kind.REQUEST_BODY)
      .map(({ frame }) => frame.bodyChunk.length)
    expect(sizes).toEqual([FRAME_BYTES, FRAME_BYTES, 1])
  })

  test('an error in place of an answer is its reason', async () => {
    const ends = connect()
    const { asked, got } = await ask(ends)
    void got.end('nobody listens')
    await ends.carry()
    await expect(asked.head).rejects.toThrow('nobody listens')
  })

  test('half an answer that fails is not taken for a whole one', async () => {
    const ends = connect()
    const { asked, got } = await ask(ends)
    got.respond(200, [])
    void got.write(new Uint8Array(5)).then(() => got.end('broken'))
    await ends.carry()
    await asked.head
    await expect(readAll(asked)).rejects.toThrow('broken')
  })

  test.each(['server', 'daemon'] as const)('the %s gives it up, and the other end hears of it', async (who) => {
    const ends = connect()
    const { asked, got } = await ask(ends)
    const [by, to] = who === 'server' ? [asked, got] : [got, asked]
    const reading = to.read().catch(errorText)
    by.cancel('enough')
    await ends.carry()
    expect(await reading).toBe('enough')
    await expect(to.write(new Uint8Array(1))).rejects.toThrow('enough')
    expect([ends.server.size, ends.daemon.size]).toEqual([0, 0])
  })
})

describe('windows', () => {
  test('who does not read is sent no more than a window', async () => {
    const ends = connect()
    const { asked, got } = await ask(ends)
    got.respond(200, [])
    let written = false
    const writing = got.write(new Uint8Array(3 * WINDOW_BYTES)).then(() => (written = true))
    await ends.carry()
    const sent = () =>
      ends.wire.filter(({ from }) => from === 'daemon').reduce((sum, { frame }) => sum + frame.bodyChunk.length, 0)
    expect([sent(), written]).toEqual([WINDOW_BYTES, false])
    let read = 0
    while (read < 3 * WINDOW_BYTES) {
      read += (await asked.read())?.length ?? 0
      await ends.carry()
    }
    await writing
    expect(sent()).toBe(3 * WINDOW_BYTES)
  })

  test('one that stands still holds up no other, and those that send take turns', async () => {
    const ends = connect()
    const stuck = await ask(ends, 'stuck')
    void stuck.got.write(new Uint8Array(2 * WINDOW_BYTES))
    await ends.carry()
    const [a, b] = [await ask(ends, 'a'), await ask(ends, 'b')]
    ends.wire.length = 0
    void a.got.write(new Uint8Array(FRAME_BYTES * 4))
    void b.got.write(new Uint8Array(FRAME_BYTES * 4))
    await ends.carry()
    expect(ends.wire.map(({ frame }) => frame.requestId)).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'])
  })

  test('an end that sends more than there is room for loses the request', async () => {
    const ends = connect()
    const { asked, got } = await ask(ends)
    got.grant(10 * WINDOW_BYTES)
    void got.write(new Uint8Array(2 * WINDOW_BYTES)).catch(() => undefined)
    await ends.carry()
    await expect(readAll(asked)).rejects.toThrow('More was sent')
    expect(got.isOver).toBe(true)
  })
})

describe('an end that knows no windows', () => {
  test('is sent small frames, no windows, and held up as a whole when nobody reads', async () => {
    const ends = connect('no windows')
    const { asked, got } = await ask(ends)
    void asked.write(new Uint8Array(LEGACY_FRAME_BYTES + 1))
    await ends.carry()
    expect(await got.read()).toHaveLength(LEGACY_FRAME_BYTES)
    await ends.carry()
    expect(ends.wire.every(({ frame }) => frame.tunnelId === 'tun_1')).toBe(true)
    let wait: Promise<void> | undefined
    for (let i = 0; !wait && i < 10_000; i++)
      wait = ends.server.receive({ ...bodyOf(got), bodyChunk: new Uint8Array(LEGACY_FRAME_BYTES) })
    const free = { is: false }
    const waiting = wait?.then(() => (free.is = true))
    expect([waiting !== undefined, free.is]).toEqual([true, false])
    while (!free.is) {
      await asked.read()
      await Bun.sleep(0)
    }
    await waiting
  })
})

const bodyOf = ({ tunnelId, requestId }: Exchange): ProxyFrame => ({
  $typeName: 'nekode.daemon.v1.ProxyFrame',
  tunnelId,
  requestId,
  kind: Kind.RESPONSE_BODY,
  method: '',
  path: '',
  requestHeaders: [],
  remoteAddr: '',
  statusCode: 0,
  responseHeaders: [],
  bodyChunk: new Uint8Array(),
  error: '',
})

describe('the stream as a whole', () => {
  test('ends everything that is under way, with the reason', async () => {
    const ends = connect()
    const { asked } = await ask(ends)
    const writing = asked.write(new Uint8Array(10 * WINDOW_BYTES)).catch(errorText)
    ends.server.close(new NekodeError('unavailable', 'the cable was cut'))
    await expect(asked.head).rejects.toThrow('the cable was cut')
    expect(await writing).toBe('the cable was cut')
    expect(() => ends.server.open(start('r2'))).toThrow('the cable was cut')
    expect(await ends.server.take()).toBeUndefined()
  })

  test('frames of a request that is over, or never was, change nothing', async () => {
    const ends = connect()
    const { asked, got } = await ask(ends)
    asked.cancel()
    await ends.carry()
    ends.wire.length = 0
    for (const kind of [Kind.RESPONSE_START, Kind.RESPONSE_BODY, Kind.RESPONSE_END, Kind.CANCEL, Kind.REQUEST_START])
      void ends.server.receive({ ...bodyOf(got), kind })
    await ends.carry()
    expect(ends.wire).toEqual([])
  })

  test('signs of life reach whoever waits for them', () => {
    const seen: string[] = []
    const mux = new Mux({
      role: 'server',
      window: WINDOW_BYTES,
      onAttach: ({ requestId }) => void seen.push(requestId),
    })
    void mux.receive({ ...bodyOf({ tunnelId: ATTACH, requestId: 'cmp_1' } as Exchange) })
    expect(seen).toEqual(['cmp_1'])
  })

  test('has an end to how many requests may be under way', () => {
    const { server } = connect()
    expect(() => {
      for (let i = 0; i <= 1024; i++) server.open(start(`r${i}`))
    }).toThrow('Too many requests')
  })

  test('the order of one request’s frames is that of its body', async () => {
    const ends = connect()
    const { got } = await ask(ends)
    got.respond(200, [])
    void got.write(new Uint8Array(FRAME_BYTES + 1)).then(() => got.end())
    await ends.carry()
    expect(kinds(ends, 'daemon')).toEqual([
      Kind.RESPONSE_START,
      Kind.RESPONSE_BODY,
      Kind.RESPONSE_BODY,
      Kind.RESPONSE_END,
    ])
  })
})
