import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { pictureOfPlanes } from '../frames/i420'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import type { RtpPacket } from 'werift'
import { z } from 'zod'
import { NekoClient } from '../client/client'
import { MediaSession, type MediaOptions } from '../media/session'
import { newConnection, prepareAnswer, withoutIdleSources } from '../media/werift'
import { colourAt, COLOURS, type Film, film, quiet, until } from '../media/testing'
import type { ServerMessage } from '../protocol/channel'
import { TestDesktop } from './testing'

const Sdp = z.object({ sdp: z.string() })

let desk: TestDesktop
let shown: Film
let showing: ReturnType<typeof setInterval>
const ends: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  shown = await film('vp8', { width: 640, height: 352, fps: 15, group: 15, each: 15 })
}, 60_000)

beforeEach(async () => {
  desk = await TestDesktop.start({ icePorts: [41_000, 41_400] })
  let index = 0
  const size = { width: shown.width, height: shown.height }
  showing = setInterval(() => {
    const data = shown.frames[index % shown.frames.length] ?? Buffer.alloc(0)
    const key = (data[0] ?? 1) % 2 === 0
    desk.machine.show({ codec: 'vp8', data, key, timestamp: Math.round((index * 90_000) / shown.fps), size })
    index += 1
  }, 1000 / shown.fps)
})

afterEach(async () => {
  clearInterval(showing)
  for (const end of ends.splice(0).toReversed()) await end()
  await desk.stop()
})

afterAll(() => clearInterval(showing))

async function join(role: 'user' | 'admin' = 'user', options: Partial<MediaOptions> = {}) {
  const client = await NekoClient.connect({
    url: desk.url,
    username: role,
    password: role === 'admin' ? 'admin' : 'neko',
    log: quiet,
  })
  const media = new MediaSession(client, {
    ice: { policy: 'strict' },
    log: quiet,
    connection: { iceAdditionalHostAddresses: ['127.0.0.1'] },
    ...options,
  })
  const messages: ServerMessage[] = []
  media.on('message', (message) => messages.push(message))
  media.start()
  ends.push(async () => {
    await media.close()
    await client.close()
  })
  return { client, media, messages }
}

type Joined = Awaited<ReturnType<typeof join>>

async function colourNow({ media }: Joined, after?: number) {
  const { planes, at } = await media.picture({ timeoutMs: 8000, ...(after === undefined ? {} : { after }) })
  return colourAt(await pictureOfPlanes(planes, at).pixels())
}

async function allColours(joined: Joined): Promise<void> {
  const seen = new Set<string>()
  while (seen.size < COLOURS.length) seen.add(await colourNow(joined, Date.now()))
  expect([...seen].toSorted()).toEqual([...COLOURS].toSorted())
}

describe('viewers', () => {
  test('several see the same stream at once, each over a connection of its own', async () => {
    const all = await Promise.all([join(), join(), join('admin')])
    await Promise.all(all.map(allColours))
    expect(desk.machine.seers.size).toBe(3)
    expect(desk.machine.hearers.size).toBe(0)
    const [first] = all
    await until(
      () => [...(first?.client.state.sessions.values() ?? [])].filter((one) => one.state.is_watching).length === 3,
    )
  }, 30_000)

  test('whoever joins late sees at once what was encoded since the last key frame', async () => {
    await colourNow(await join())
    clearInterval(showing)
    const late = await join()
    await until(() => (late.media.stats().received?.frames ?? 0) > 0)
    expect(late.media.stats().received).toMatchObject({ keyframes: 1, gaps: 0 })
  }, 30_000)

  test('video that is turned off and on again goes on', async () => {
    const one = await join()
    await colourNow(one)
    one.media.setVideo({ disabled: true })
    await until(() => desk.machine.seers.size === 0)
    one.media.setVideo({ disabled: false })
    await allColours(one)
  }, 30_000)

  test('a new way is found by an ICE restart, over the same connection', async () => {
    const one = await join()
    await colourNow(one)
    const { stream } = one.media
    const offered = new Promise((resolve) => one.client.on('signal/restart', resolve))
    one.media.restart()
    await offered
    await allColours(one)
    expect(one.media.stream).toBe(stream!)
    expect(one.media.stats().requests).toBe(1)
  }, 30_000)

  test('whoever cannot be reached by UDP sees it over TCP', async () => {
    const one = await join('user', {
      connection: {
        iceAdditionalHostAddresses: ['127.0.0.1'],
        iceFilterCandidatePair: ({ remoteCandidate }) => remoteCandidate.transport === 'tcp',
      },
    })
    await allColours(one)
  }, 30_000)

  test('UDP ports are of the range that was given, and all addresses of this computer are offered', async () => {
    const client = await (await desk.login('user')).connect()
    client.send('signal/request', {})
    const { sdp } = Sdp.parse(await client.next('signal/provide'))
    const lines = [...sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) (\d+)/gm)]
    const ports = lines.map(([, , port]) => Number(port))
    expect(ports.length).toBeGreaterThan(0)
    expect(ports.filter((port) => port < 41_000 || port > 41_400)).toEqual([])
    const own = Object.values(networkInterfaces()).flatMap(
      (all) => all?.filter(({ family }) => family === 'IPv4') ?? [],
    )
    expect(lines.map(([, address]) => address)).toEqual(expect.arrayContaining(own.map(({ address }) => address)))
  })

  test('without a free UDP port there is TCP', async () => {
    const { icePorts, free } = await takenPorts()
    const full = await TestDesktop.start({ icePorts })
    try {
      const wire = await (await full.login('user')).connect()
      wire.send('signal/request', {})
      const { sdp } = Sdp.parse(await wire.next('signal/provide'))
      expect([/^a=candidate:\S+ 1 udp \d+ \d+\./m.test(sdp), / tcp .* tcptype passive/.test(sdp)]).toEqual([
        false,
        true,
      ])
    } finally {
      free()
      await full.stop()
    }
  })

  test('packets that are lost are sent again', async () => {
    const one = await join('user', {
      // werift has this the wrong way round: it is what arrives.
      connection: { iceAdditionalHostAddresses: ['127.0.0.1'], debug: { inboundPacketLoss: 92 } },
    })
    await colourNow(one)
    const { frames = 0 } = one.media.stats().received ?? {}
    await until(() => (one.media.stats().received?.frames ?? 0) > frames + 30)
    const metrics = await (await fetch(`${desk.url}/metrics`)).text()
    expect(Number(/neko_webrtc_transport_layer_nacks\{[^}]*\} (\d+)/.exec(metrics)?.[1])).toBeGreaterThan(0)
    expect(one.media.stats().received).toMatchObject({ gaps: 0 })
  }, 30_000)

  test('in private mode users see nothing, and admins go on', async () => {
    const [user, admin] = [await join(), await join('admin')]
    await Promise.all([colourNow(user), colourNow(admin)])
    await admin.client.rest.settings.set({ private_mode: true })
    await until(() => desk.machine.seers.size === 1)
    await colourNow(admin, Date.now())
    await admin.client.rest.settings.set({ private_mode: false })
    await until(() => desk.machine.seers.size === 2)
    await colourNow(user, Date.now())
  }, 30_000)

  test('who leaves is no longer sent anything', async () => {
    const one = await join()
    await colourNow(one)
    await one.media.close()
    await one.client.close()
    await until(() => desk.machine.seers.size === 0)
  }, 30_000)
})

describe('what clients besides ours do', () => {
  /** Answers the offer, and keeps what comes. */
  async function connect() {
    const wire = await (await desk.login('user')).connect()
    const pc = newConnection([], { iceAdditionalHostAddresses: ['127.0.0.1'] })
    ends.push(() => pc.close())
    const packets: RtpPacket[] = []
    pc.onTrack.subscribe((track) => {
      if (track.kind === 'video') track.onReceiveRtp.subscribe((packet) => void packets.push(packet))
    })
    wire.send('signal/request', {})
    const { sdp } = Sdp.parse(await wire.next('signal/provide'))
    await pc.setRemoteDescription({ type: 'offer', sdp })
    prepareAnswer(pc, [])
    await pc.setLocalDescription(await pc.createAnswer())
    wire.send('signal/answer', { sdp: withoutIdleSources(pc.localDescription?.sdp ?? '') })
    await until(() => packets.length > 0)
    return { wire, pc, packets }
  }

  test('whoever lost a picture for good gets the pictures since the last key frame again, as later ones', async () => {
    const { pc, packets } = await connect()
    await until(() => packets.filter(({ header }) => header.marker).length > 5)
    clearInterval(showing)
    // The first byte of a frame comes after the descriptor; the lowest bit of a key frame's is 0.
    const begins = ({ payload }: RtpPacket) => (payload[0] ?? 0) & 0x10
    const keys = () => packets.filter((packet) => begins(packet) && ((packet.payload[4] ?? 1) & 1) === 0)
    const before = keys().length
    const receiver = pc.getReceivers().find(({ kind }) => kind === 'video')
    await receiver?.sendRtcpPLI(packets[0]?.header.ssrc ?? 0)
    await until(() => keys().length > before)
    const times = packets.filter(begins).map(({ header }) => header.timestamp)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  }, 30_000)

  test('an offer of a client is answered, and pictures go on', async () => {
    const { wire, pc, packets } = await connect()
    await pc.setLocalDescription(await pc.createOffer())
    wire.send('signal/offer', { sdp: pc.localDescription?.sdp })
    const { sdp } = Sdp.parse(await wire.next('signal/answer'))
    await pc.setRemoteDescription({ type: 'answer', sdp })
    const before = packets.length
    await until(() => packets.length > before + 10)
  }, 30_000)

  test('an answer that is none does not end the connection to the room', async () => {
    const wire = await (await desk.login('user')).connect()
    wire.send('signal/answer', { sdp: 'v=0' })
    wire.send('signal/restart')
    wire.send('signal/video', { disabled: true })
    wire.send('signal/request', {})
    await wire.next('signal/provide')
    for (const event of ['signal/answer', 'signal/offer']) wire.send(event, { sdp: 'no sdp at all' })
    wire.send('signal/candidate', { candidate: 'candidate:nonsense', sdpMid: '0', sdpMLineIndex: 0 })
    await wire.settled()
    wire.send('signal/request', { video: { disabled: true } })
    await wire.next('signal/provide', (payload) => JSON.stringify(payload).includes('"disabled":true'))
  }, 30_000)
})

describe('the data channel', () => {
  test('the cursor comes over it, and a ping comes back', async () => {
    const one = await join()
    await until(() => one.media.hasChannel)
    await until(() => one.messages.some(({ kind }) => kind === 'image'))
    expect(one.messages.find(({ kind }) => kind === 'image')).toMatchObject({ width: 24, height: 24, hotX: 3, hotY: 4 })
    one.media.send({ kind: 'ping', sentAt: Date.now() })
    await until(() => one.messages.some(({ kind }) => kind === 'pong'))
  }, 30_000)

  test('input counts from the host only, and others see the pointer', async () => {
    const [one, other] = [await join(), await join()]
    await until(() => one.media.hasChannel && other.media.hasChannel)
    one.media.send({ kind: 'move', x: 1, y: 1 })
    one.media.send({ kind: 'buttondown', code: 1 })
    one.media.send({ kind: 'ping', sentAt: 1 })
    await until(() => one.messages.some(({ kind }) => kind === 'pong'))
    expect(desk.machine.done).toEqual([])
    await one.client.acquire()
    one.media.send({ kind: 'move', x: 300, y: 200 })
    one.media.send({ kind: 'scroll', dx: 0, dy: -3, control: false })
    one.media.send({ kind: 'keydown', keysym: 0x61 })
    one.media.send({ kind: 'keyup', keysym: 0x61 })
    await until(() => desk.machine.done.length === 4)
    expect(desk.machine.done).toEqual(['move 300,200', 'wheel 0,-3', 'key 0x61 down', 'key 0x61 up'])
    await until(() => other.messages.some((message) => message.kind === 'cursor' && message.x === 300))
    expect(one.messages.some((message) => message.kind === 'cursor' && message.x === 300)).toBe(false)
  }, 30_000)

  test('cursors of those who do not steer are told to those who may see them', async () => {
    const [user, admin] = [await join(), await join('admin')]
    await admin.client.rest.settings.set({ inactive_cursors: true })
    await until(() => user.media.hasChannel)
    const told = new Promise((resolve) =>
      admin.client.on('session/cursors', (cursors) => cursors.length > 0 && resolve(cursors)),
    )
    user.media.send({ kind: 'move', x: 5, y: 6 })
    expect(await told).toEqual([{ id: user.client.state.sessionId, cursors: [{ x: 5, y: 6 }] }])
  }, 30_000)
})

describe('sound', () => {
  test('it reaches those who want it', async () => {
    const one = await join('user', { audio: true })
    const heard: Uint8Array[] = []
    one.media.on('audio', ({ payload }) => heard.push(payload))
    await until(() => desk.machine.hearers.size === 1)
    for (let i = 0; i < 20; i++)
      for (const hear of desk.machine.hearers) hear({ data: Uint8Array.of(0xfc, 0xff, i), timestamp: i * 960 })
    await until(() => heard.length === 20)
    expect(heard.map((payload) => payload[2])).toEqual(Array.from({ length: 20 }, (_, i) => i))
  }, 30_000)

  const tone = Int16Array.from({ length: 9600 }, (_, i) => 8000 * Math.sin(i / 10))

  test('a microphone reaches the machine; of two the one that began last is heard', async () => {
    const [one, other] = [await join(), await join()]
    await until(() => one.media.isConnected && other.media.isConnected)
    const packets = ({ media }: Joined) => media.microphone.stats.packets
    await one.media.microphone.play(tone)
    await other.media.microphone.play(tone)
    const first = packets(one)
    expect(first).toBeGreaterThan(5)
    await until(() => desk.machine.spoken.length === first + packets(other))
    await one.media.microphone.play(tone)
    expect(packets(one)).toBeGreaterThan(first)
    await other.media.microphone.play(tone)
    await until(() => desk.machine.spoken.length >= first + packets(other))
    expect(desk.machine.spoken.length).toBe(first + packets(other))
  }, 30_000)

  test('a microphone of somebody who may not share media is not heard', async () => {
    const [one, admin] = [await join(), await join('admin')]
    await admin.client.rest.members.update(one.client.state.sessionId, { can_share_media: false })
    await until(() => one.media.isConnected)
    await one.media.microphone.play(tone)
    expect(one.media.microphone.stats.packets).toBeGreaterThan(0)
    expect(desk.machine.spoken).toEqual([])
  }, 30_000)
})

/** Two UDP ports in a row that nobody else can have. */
async function takenPorts(): Promise<{ icePorts: [number, number]; free: () => void }> {
  for (;;) {
    const [one, next] = [createSocket('udp4').bind(0), createSocket('udp4')]
    await once(one, 'listening')
    const { port } = one.address()
    const bound = once(next, 'listening').then(
      () => true,
      () => false,
    )
    next.bind(port + 1)
    if (await bound) {
      const free = () => [one, next].forEach((socket) => socket.close())
      return { icePorts: [port, port + 1], free }
    }
    one.close()
  }
}
