import { networkInterfaces } from 'node:os'
import {
  type PeerConfig,
  RTCPeerConnection,
  RTCRtcpFeedback,
  type RTCRtpCodecParameters,
  useAV1,
  useG722,
  useH264,
  useNACK,
  useOPUS,
  usePCMA,
  usePCMU,
  usePLI,
  useREMB,
  useSdesMid,
  useVP8,
  useVP9,
} from 'werift'
import type { IceUrl } from './ice'
import { mendSockets } from './sockets'

/** What of werift a caller may set otherwise, e.g. a test that takes away a way to connect. */
export type ConnectionOptions = Partial<PeerConfig>

/** Seconds. Setting the local description waits for the servers, and the answer waits for that. */
const STUN_SECONDS = 1
const TURN_SECONDS = 3
/** All of gathering; TURN over UDP has no limit of its own in werift. */
const GATHERING_MS = 3_000

/**
 * No transport-cc: werift 0.25.2 does not fill its packets up to 4 bytes. Pion drops them, and Chromium takes them for a line of
 * 30 kbit/s. Keyframes are asked for by the caller, werift does so by itself for nothing.
 */
const feedback = [useNACK(), usePLI(), useREMB(), new RTCRtcpFeedback({ type: 'ccm', parameter: 'fir' })]

/** werift takes only VP8, Opus and PCMU unless it is told of the others. The payload types are the server's in the end. */
const video = (): RTCRtpCodecParameters[] => [
  useVP8({ payloadType: 96, rtcpFeedback: feedback }),
  useVP9({ payloadType: 98, rtcpFeedback: feedback }),
  useH264({ payloadType: 102, rtcpFeedback: feedback }),
  useAV1({ payloadType: 45, rtcpFeedback: feedback }),
]

/** Only Opus is decoded or sent; the others are there so that a room with one of them still has its picture. */
const audio = (): RTCRtpCodecParameters[] => [
  // The server takes whatever it gets for payload type 111.
  useOPUS({ payloadType: 111, parameters: 'minptime=10;useinbandfec=1;stereo=1' }),
  useG722({ payloadType: 9 }),
  usePCMU({ payloadType: 0 }),
  usePCMA({ payloadType: 8 }),
]

const hasNetwork = (): boolean =>
  Object.values(networkInterfaces()).some((all) => all?.some(({ internal }) => !internal))

/** A connection on which werift's faults that can be worked round beforehand are. */
export function newConnection(servers: readonly IceUrl[], options: ConnectionOptions = {}): RTCPeerConnection {
  mendSockets()
  const connection = new RTCPeerConnection({
    iceServers: [...servers],
    codecs: { video: video(), audio: audio() },
    headerExtensions: { video: [useSdesMid()], audio: [useSdesMid()] },
    iceStunGatherTimeout: STUN_SECONDS,
    iceTurnConnectTimeout: TURN_SECONDS,
    // Off in werift, and needed for servers of which only a TCP port is open. Listening for the server's connections is of no use.
    iceUseTcp: true,
    iceTcpPassive: false,
    // werift leaves it out, and without a network there is nothing else: a room on this computer is still reached.
    ...(hasNetwork() ? {} : { iceAdditionalHostAddresses: ['127.0.0.1'] }),
    ...options,
  })
  limitGathering(connection)
  return connection
}

/**
 * werift waits for a dead TURN server (UDP) for half a minute before it lets a local description be set. What is found later is still
 * told to the other side.
 */
function limitGathering(connection: RTCPeerConnection): void {
  const gather: unknown = Reflect.get(connection, 'gatherCandidates')
  if (typeof gather !== 'function') throw new TypeError('werift has no gatherCandidates any more')
  Object.defineProperty(connection, 'gatherCandidates', {
    configurable: true,
    value: () => {
      const limit = Promise.withResolvers<void>()
      const timer = setTimeout(limit.resolve, GATHERING_MS)
      const gathered: Promise<unknown> = Promise.resolve(gather.call(connection))
      return Promise.race([gathered, limit.promise]).finally(() => clearTimeout(timer))
    },
  })
}

/** To be called between a remote description and the local one that answers it. */
export function prepareAnswer(connection: RTCPeerConnection, servers: readonly IceUrl[]): void {
  // Without a STUN server werift asks stun.l.google.com, also when the list of servers is there and empty.
  if (!servers.some(({ urls }) => /^stuns?:/i.test(urls))) {
    for (const { connection: ice } of connection.iceTransports) Object.assign(ice, { stunServer: undefined })
  }
  // werift 0.25.2 takes the SCTP role from the ICE role. Against ICE-lite it is the controlling side, may answer the server's INIT
  // before it begins itself, and sends its own INIT with a wrong tag then: no data channel ever opens. So it always waits.
  const { sctpTransport } = connection
  if (sctpTransport) Object.defineProperty(sctpTransport, 'isServer', { value: true, configurable: true })
}

/**
 * To be called when an ICE restart was answered: werift 0.25.2 begins no checks while DTLS is there, so that with a server that waits for ours
 * nothing goes either way any more.
 *
 * @returns when the new way was found; at once when there was no restart
 */
export async function followRestart(connection: RTCPeerConnection): Promise<void> {
  for (const { state, iceTransport } of connection.dtlsTransports) {
    if (state === 'connected' && !iceTransport.connection.nominated) await iceTransport.start()
  }
}

/**
 * The answer as it is sent. werift names a source (`a=ssrc`) also for what it only receives, and its PLI comes from that source; a server on werift,
 * as our own desktop is, then gives the PLI to the receiver of that source, and makes no keyframe.
 */
export function withoutIdleSources(sdp: string): string {
  return sdp
    .split(/^(?=m=)/m)
    .map((section) => (section.includes('a=recvonly') ? section.replaceAll(/^a=ssrc:.*\r?\n/gm, '') : section))
    .join('')
}
