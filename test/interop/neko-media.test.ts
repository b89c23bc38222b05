import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { z } from 'zod'
import { pictureOfPlanes } from '../../daemon/neko/frames/i420'
import { VIDEO_CODECS } from '../../daemon/neko/media/depacketize/frame'
import { MediaSession } from '../../daemon/neko/media/session'
import { colourAt, COLOURS, quiet, until } from '../../daemon/neko/media/testing'
import { TestRoom } from '../../daemon/neko/media/testserver'
import type { ServerMessage } from '../../daemon/neko/protocol/channel'
import { serverEvents } from '../../daemon/neko/protocol/events'
import { ARGUMENTS, executable } from '../e2e/browser'

setDefaultTimeout(60_000)

/** The part of a Neko server that has to do with media, played by a browser's own WebRTC: a picture of changing colours, and a tone. */
const PAGE = `<canvas id="screen" width="640" height="360"></canvas><script>
const canvas = document.getElementById('screen'), context = canvas.getContext('2d')
const colours = ['#f00', '#0f0', '#00f', '#fff']
let drawn = 0, pc
const got = []
setInterval(() => { context.fillStyle = colours[Math.floor(drawn++ / 10) % 4]; context.fillRect(0, 0, 640, 360) }, 66)
const video = (codec) => RTCRtpSender.getCapabilities('video').codecs.filter(({ mimeType, sdpFmtpLine }) =>
  mimeType.toLowerCase() === 'video/' + codec && (codec !== 'h264' || /42e01f/.test(sdpFmtpLine)))
const offer = async (event, options) => {
  await pc.setLocalDescription(await pc.createOffer(options))
  const streams = { iceservers: [], video: { disabled: false, id: 'main', video: '', auto: false }, audio: { disabled: false } }
  say(event, { sdp: pc.localDescription.sdp, ...(event === 'signal/provide' ? streams : {}) })
}
async function take(codec, event, payload) {
  if (event === 'signal/request') {
    pc = new RTCPeerConnection()
    const sound = new AudioContext(), tone = sound.createOscillator(), out = sound.createMediaStreamDestination()
    tone.connect(out)
    tone.start()
    pc.addTransceiver(out.stream.getAudioTracks()[0], { direction: 'sendrecv' })
    const sent = pc.addTransceiver(canvas.captureStream(15).getVideoTracks()[0], { direction: 'sendrecv' })
    sent.setCodecPreferences(video(codec))
    const channel = pc.createDataChannel('data')
    channel.binaryType = 'arraybuffer'
    channel.onmessage = ({ data }) => got.push([...new Uint8Array(data)])
    channel.onopen = () => channel.send(Uint8Array.of(1, 0, 7, 2, 128, 1, 104))
    pc.onicecandidate = ({ candidate }) => candidate && say('signal/candidate', { ...candidate.toJSON(), usernameFragment: null })
    pc.ontrack = ({ track }) => {
      if (track.kind !== 'audio') return
      const player = new Audio()
      player.srcObject = new MediaStream([track])
      player.play()
    }
    await offer('signal/provide')
  }
  if (event === 'signal/answer') await pc.setRemoteDescription({ type: 'answer', sdp: payload.sdp })
  if (event === 'signal/candidate') await pc.addIceCandidate(payload)
  if (event === 'signal/restart') await offer('signal/restart', { iceRestart: true })
}
async function seen() {
  const stats = [...(await pc.getStats()).values()]
  const heard = stats.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio')
  const sent = stats.find(({ type, kind }) => type === 'outbound-rtp' && kind === 'video')
  return { got, energy: heard?.totalAudioEnergy ?? 0, lost: heard?.packetsLost ?? 0, plis: sent?.pliCount ?? 0 }
}
</script>`
const Seen = z.object({ got: z.array(z.array(z.number())), energy: z.number(), lost: z.number(), plis: z.number() })

const site = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: () => new Response(PAGE, { headers: { 'content-type': 'text/html' } }),
})
let browser: Browser

beforeAll(async () => {
  // Else its candidates are names that only the same network's multicast DNS knows, and nothing is played before somebody clicks.
  const open = ['--disable-features=WebRtcHideLocalIpsWithMdns', '--autoplay-policy=no-user-gesture-required']
  browser = await chromium.launch({ executablePath: executable(), args: [...ARGUMENTS, ...open] })
})
afterAll(async () => {
  await browser.close()
  await site.stop(true)
})

async function begin(codec: string) {
  const page = await browser.newPage()
  await page.goto(site.url.href)
  const room = new TestRoom()
  await page.exposeFunction('say', (event: string, payload: unknown) => {
    if (event === 'signal/provide') room.say(event, serverEvents[event].parse(payload))
    if (event === 'signal/restart') room.say(event, serverEvents[event].parse(payload))
    if (event === 'signal/candidate') room.say(event, serverEvents[event].parse(payload))
  })
  room.onSend = (event, payload) => {
    page
      .evaluate(`take(${[codec, event, payload ?? null].map((part) => JSON.stringify(part)).join()})`)
      .catch((e: unknown) => console.error(e))
  }
  const media = new MediaSession(room, { ice: { policy: 'strict' }, audio: true, log: quiet })
  const seen = async () => Seen.parse(await page.evaluate('seen()'))
  return { page, media, seen }
}

const pictureNow = async (media: MediaSession) => {
  const { planes, at } = await media.picture({ timeoutMs: 15_000, after: Date.now() })
  return pictureOfPlanes(planes, at)
}

for (const codec of VIDEO_CODECS) {
  test(`a browser's ${codec}, its data channel, its sound and its ears work, also after an ICE restart`, async () => {
    const { page, media, seen } = await begin(codec)
    const messages: ServerMessage[] = []
    let packets = 0
    media.on('message', (message) => messages.push(message))
    media.on('audio', () => void packets++)
    media.start()
    const colours = new Set<string>()
    const end = Date.now() + 30_000
    while (colours.size < COLOURS.length && Date.now() < end) {
      const picture = await pictureNow(media)
      expect({ width: picture.width, height: picture.height }).toEqual({ width: 640, height: 360 })
      const colour = colourAt(await picture.pixels())
      if (colour !== 'other') colours.add(colour)
    }
    expect([...colours].toSorted()).toEqual([...COLOURS].toSorted())
    expect(media.stream?.codec).toBe(codec)

    await until(() => messages.length > 0)
    expect(messages[0]).toEqual({ kind: 'cursor', x: 640, y: 360 })
    expect(media.send({ kind: 'move', x: 5, y: 6 })).toBe(true)
    await until(() => packets > 10)
    const tone = Int16Array.from({ length: 24_000 }, (_, at) => 8000 * Math.sin((at / 48_000) * 2 * Math.PI * 440))
    await media.speak(tone)
    while ((await seen()).energy < 0.005 || (await seen()).got.length === 0) {
      expect(Date.now()).toBeLessThan(end)
      await Bun.sleep(50)
    }
    expect((await seen()).got[0]).toEqual([1, 0, 4, 0, 5, 0, 6])

    media.restart()
    const { frames = 0, keyframes = 0 } = media.stats().received ?? {}
    await until(() => (media.stats().received?.frames ?? 0) > frames + 20)
    // A browser makes a keyframe for a PLI.
    const limit = Date.now() + 20_000
    while ((await seen()).plis === 0 || (media.stats().received?.keyframes ?? 0) <= keyframes) {
      expect(Date.now()).toBeLessThan(limit)
      // One may get lost while the way is another.
      media.requestKeyframe()
      await Bun.sleep(300)
    }
    await pictureNow(media)
    expect(media.stats()).toMatchObject({ requests: 1, losses: 0, received: { gaps: 0 } })
    await media.close()
    await page.close()
  })
}
