import { once } from 'node:events'
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { RTCRtpCodecParameters, RtpHeader, RtpPacket } from 'werift'
import { pictureOfPlanes } from '../frames/i420'
import { encodeServerMessage, type ServerMessage } from '../protocol/channel'
import { VIDEO_CODECS } from './depacketize/frame'
import { OpusDecoder, OpusEncoder } from './opus'
import { MediaSession, type MediaOptions } from './session'
import { colourAt, COLOURS, film, quiet, until } from './testing'
import { TestRoom, TestServer, type TestServerOptions } from './testserver'

// ffmpeg makes the films first, on a machine that may have more to do.
setDefaultTimeout(60_000)

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const small = await film('vp8')

function begin(server: Partial<TestServerOptions> = {}, options: Partial<MediaOptions> = {}) {
  const room = new TestRoom()
  const neko = new TestServer(room, { film: small, ...server })
  const media = new MediaSession(room, {
    ice: { policy: 'strict' },
    log: quiet,
    connection: { iceAdditionalHostAddresses: ['127.0.0.1'] },
    ...options,
  })
  ends.push(async () => {
    await media.close()
    await neko.close()
  })
  media.start()
  return { room, neko, media }
}

async function colourNow(media: MediaSession, after?: number) {
  const { planes, at } = await media.picture({ timeoutMs: 8000, ...(after === undefined ? {} : { after }) })
  return colourAt(await pictureOfPlanes(planes, at).pixels())
}

async function allColours(media: MediaSession): Promise<void> {
  const seen = new Set<string>()
  const end = Date.now() + 15_000
  while (seen.size < COLOURS.length && Date.now() < end) seen.add(await colourNow(media, Date.now()))
  expect([...seen].sort()).toEqual([...COLOURS].sort())
}

for (const codec of VIDEO_CODECS) {
  test(`${codec} is received over a connection, with all that the film shows`, async () => {
    const { media, neko } = begin({ film: await film(codec) })
    await allColours(media)
    expect(media.stream?.codec).toBe(codec)
    // Candidates that come before the answer are refused by real servers.
    expect(neko.refused).toBe(0)
  })
}

test('packets that are lost are sent again, and no picture is lost', async () => {
  const busy = await film('vp8', { width: 640, height: 352, source: { filter: 'testsrc2=s=640x352:r=15', frames: 60 } })
  const { media, neko } = begin({ film: busy, losesEvery: 12 })
  await colourNow(media)
  const { frames = 0 } = media.stats().received ?? {}
  await until(() => (media.stats().received?.frames ?? 0) > frames + 45)
  expect(neko.repeated).toBeGreaterThan(5)
  expect(media.stats().received).toMatchObject({ gaps: 0 })
})

test('a keyframe is asked for with PLI, and then by beginning to watch anew', async () => {
  // One keyframe at the beginning, which is lost, as it is sent before the connection is there.
  const long = await film('vp8', { group: 1000, colours: ['blue'], each: 1000 })
  const { media, neko, room } = begin({ film: long })
  expect(await colourNow(media)).toBe('blue')
  expect(neko.plis).toBeGreaterThan(0)
  const asked = room.sent.filter(({ event }) => event === 'signal/video').map(({ payload }) => payload)
  expect(asked.slice(0, 2)).toEqual([{ disabled: true }, { disabled: false }])
})

test('a new way is found by an ICE restart, and the streams go on', async () => {
  const { media, neko } = begin()
  await colourNow(media)
  const stream = media.stream
  const before = neko.pc?.localDescription?.sdp.match(/ice-ufrag:(\S+)/)?.[1]
  media.restart()
  await until(() => neko.pc?.localDescription?.sdp.match(/ice-ufrag:(\S+)/)?.[1] !== before)
  await until(() => neko.pc?.signalingState === 'stable' && neko.pc.iceConnectionState !== 'new')
  const now = Date.now()
  await colourNow(media, now)
  expect(media.stream).toBe(stream!)
  expect(neko.requests).toBe(1)
})

test('an offer of the server in the middle is answered', async () => {
  const { media, neko } = begin()
  await colourNow(media)
  await neko.renegotiate()
  await until(() => neko.pc?.signalingState === 'stable')
  await colourNow(media, Date.now())
  expect(neko.requests).toBe(1)
})

test('when the server ends it, it is asked for again', async () => {
  const { media, neko } = begin()
  await colourNow(media)
  const lost: string[] = []
  media.on('lost', (reason) => lost.push(reason))
  await neko.endPeer()
  await until(() => lost.length > 0)
  await colourNow(media, Date.now())
  expect(neko.requests).toBe(2)
  expect(lost).toEqual(['the server closed it'])
})

test('with a new connection to the room all of it is made anew', async () => {
  const { media, neko, room } = begin()
  await colourNow(media)
  room.change('down', { reason: 'cut', final: false })
  await until(() => !media.isConnected && media.stream === undefined)
  room.change('up', room.state)
  await colourNow(media, Date.now())
  expect(neko.requests).toBe(2)
})

test('a server of which only a TCP port can be reached is reached', async () => {
  const config = { iceUseTcp: true, iceTcpPassive: true }
  const { media, neko } = begin({ config, isPassive: true, allows: (candidate) => / tcp /i.test(candidate) })
  await colourNow(media)
  const pair = neko.pc?.iceTransports[0]?.connection.nominated
  expect(pair?.localCandidate.transport).toBe('tcp')
})

test('the data channel takes what is sent, and gives what comes', async () => {
  const { media, neko } = begin()
  const got: ServerMessage[] = []
  media.on('message', (message) => got.push(message))
  expect(media.send({ kind: 'move', x: 100, y: 200 })).toBe(false)
  await until(() => media.hasChannel)
  expect(media.send({ kind: 'move', x: 100, y: 200 })).toBe(true)
  await until(() => neko.data.length > 0)
  expect(neko.data[0]?.toString('hex')).toBe('010004006400c8')
  neko.channel?.send(Buffer.from(encodeServerMessage({ kind: 'cursor', x: 640, y: 360 })))
  await until(() => got.length > 0)
  expect(got[0]).toEqual({ kind: 'cursor', x: 640, y: 360 })
})

test('against a server whose ICE is only half there (lite), the data channel opens too', async () => {
  const { media, neko } = begin({ config: { iceLite: true } })
  await until(() => media.hasChannel)
  await colourNow(media)
  expect(neko.pc?.connectionState).toBe('connected')
})

test('what is played comes as Opus of payload type 111, between two silences of 200 ms', async () => {
  const { media, neko } = begin()
  await until(() => media.isConnected)
  const samples = Int16Array.from({ length: 9600 }, (_, at) =>
    Math.round(8000 * Math.sin((at / 48_000) * 2 * Math.PI * 440)),
  )
  await media.speak(samples)
  await until(() => neko.microphone.length >= 30)
  const decoder = await OpusDecoder.create(1)
  const loud = neko.microphone.map(({ payload, header }) => {
    expect(header.payloadType).toBe(111)
    return Math.sqrt(decoder.decode(payload).reduce((sum, sample) => sum + sample * sample, 0) / 960) > 1000
  })
  decoder.close()
  expect(loud.slice(0, 9)).not.toContain(true)
  expect(loud.slice(13, 19)).not.toContain(false)
  expect(loud.slice(22)).not.toContain(true)
})

test('the sound of the room comes as its packets', async () => {
  const { media, neko } = begin({}, { audio: true })
  const packets: Uint8Array[] = []
  media.on('audio', ({ codec, payload }) => {
    expect(codec).toBe('opus')
    packets.push(payload)
  })
  await until(() => media.isConnected)
  const encoder = await OpusEncoder.create(1)
  const payload = encoder.encode(new Int16Array(960))
  for (let sequenceNumber = 1; packets.length === 0 && sequenceNumber < 200; sequenceNumber++) {
    neko.sendAudio(
      new RtpPacket(new RtpHeader({ sequenceNumber, timestamp: sequenceNumber * 960, payloadType: 111 }), payload),
    )
    await Bun.sleep(20)
  }
  encoder.close()
  expect(packets[0]).toEqual(new Uint8Array(payload))
})

test('in a room that changes its size, pictures change theirs', async () => {
  const { media, neko } = begin()
  await colourNow(media)
  neko.play(await film('vp8', { width: 640, height: 352, colours: ['red'] }))
  await until(() => neko.sentPackets > 0)
  const end = Date.now() + 8000
  for (;;) {
    const { planes } = await media.picture({ timeoutMs: 5000, after: Date.now() })
    if (planes.width === 640 && planes.height === 352) break
    expect(Date.now()).toBeLessThan(end)
  }
})

test('a request that is not answered is made again, and the reason is told', async () => {
  const { media, neko } = begin({}, { timing: { provide: 200, watch: 50 } })
  neko.isSilent = true
  const [reason] = await once(media, 'lost')
  expect(reason).toContain('may not be allowed to watch')
  await expect(media.picture({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'no_picture' })
  neko.isSilent = false
  await colourNow(media)
  expect(neko.requests).toBeGreaterThan(1)
})

test('when no way to the server is found, that is told, and it is tried again', async () => {
  let isOpen = false
  const { media, neko } = begin({ allows: () => isOpen }, { timing: { connect: 500, watch: 50 } })
  const [reason] = await once(media, 'lost')
  expect(reason).toMatch(/no (way|connection)/)
  isOpen = true
  await colourNow(media)
  expect(neko.requests).toBeGreaterThan(1)
})

test('when nothing comes any more, another way is looked for, and then all is made anew', async () => {
  const { media, neko, room } = begin({}, { timing: { watch: 50, restart: 400, renew: 2000 } })
  await colourNow(media)
  const lost = once(media, 'lost')
  neko.cut()
  expect(await lost).toEqual(['nothing comes from the server any more'])
  expect(room.sent.filter(({ event }) => event === 'signal/restart')).toHaveLength(1)
  await colourNow(media, Date.now())
  expect(neko.requests).toBe(2)
})

test('without video and sound the connection stays, by what the data channel gives back', async () => {
  const { media, neko } = begin({}, { video: false, timing: { watch: 50, restart: 500, renew: 800 } })
  await until(() => media.hasChannel)
  const begun = Date.now()
  await until(() => Date.now() - begun > 2000)
  expect(media.stats()).toMatchObject({ state: 'connected', losses: 0 })
  expect(neko.data.length).toBeGreaterThan(2)
  expect(media.stats().roundTripMs).toBeGreaterThanOrEqual(0)
})

test('video that cannot be decoded here is named', async () => {
  const codec = new RTCRtpCodecParameters({ mimeType: 'video/H265', clockRate: 90_000, payloadType: 116 })
  const { media } = begin({ codec })
  await until(() => media.isConnected)
  const error = await media.picture({ timeoutMs: 5000 }).catch((e: unknown) => e)
  expect(error).toMatchObject({ kind: 'unimplemented', code: 'video_codec' })
  expect(error).toHaveProperty('message', expect.stringContaining('H265'))
})

test('who may not be heard is told so, and who is not connected', async () => {
  const { media, room } = begin()
  await expect(media.speak(new Int16Array(960))).rejects.toMatchObject({ code: 'no_media' })
  room.mayBeHeard = false
  await expect(media.speak(new Int16Array(960))).rejects.toMatchObject({ code: 'cannot_share_media' })
})

test('an offer that is none is told, and another one is asked for', async () => {
  const { media, neko, room } = begin(
    {},
    { timing: { watch: 50, connect: 1000, firstRetry: 50, restart: 500, renew: 1000 } },
  )
  neko.isSilent = true
  const video = { disabled: false, id: 'main', video: '', auto: false }
  for (const sdp of ['', 'nonsense', 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n']) {
    const lost = once(media, 'lost')
    const { requests } = neko
    room.say('signal/provide', { sdp, video, audio: { disabled: true } })
    expect(String(await lost)).not.toBe('')
    await until(() => neko.requests > requests)
  }
  room.say('signal/candidate', { candidate: 'nonsense' })
  neko.isSilent = false
  media.request()
  await colourNow(media)
})
