/** A track of a file. */
export interface Track {
  kind: 'video' | 'audio'
  /** As Matroska calls it: `V_VP8`, `A_OPUS`. */
  codec: string
  /** What a decoder needs before the first frame. */
  config?: Uint8Array
  width?: number
  height?: number
  sampleRate?: number
  channels?: number
}

/** Where the bytes go. What was written may be written over, which makes a file that was not ended one that plays. */
export interface Sink {
  write(bytes: Uint8Array, at: number): void
}

/** A block's time is 16 bits from that of its cluster. */
const CLUSTER_MS = 5000
const CLUSTER_BYTES = 4 << 20
const UNKNOWN = Uint8Array.of(0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)

const ID = {
  ebml: 0x1a45dfa3,
  segment: 0x18538067,
  info: 0x1549a966,
  tracks: 0x1654ae6b,
  cluster: 0x1f43b675,
  cues: 0x1c53bb6b,
} as const

/**
 * Writes Matroska, or WebM where its codecs are those (RFC 9559). Frames are given in the order of their times, roughly; whatever was written
 * plays, also without an end.
 */
export class Matroska {
  #at = 0
  readonly #sink: Sink
  readonly #tracks: readonly Track[]
  readonly #segmentAt: number
  readonly #seekAt: number
  readonly #durationAt: number
  readonly #cues: { ms: number; at: number }[] = []
  #cluster: { ms: number; parts: Uint8Array[]; bytes: number; cued: boolean } | undefined
  #lastMs = 0

  constructor(sink: Sink, tracks: readonly Track[], isWebm: boolean) {
    this.#sink = sink
    this.#tracks = tracks
    this.#put(
      element(ID.ebml, [
        number(0x4286, 1),
        number(0x42f7, 1),
        number(0x42f2, 4),
        number(0x42f3, 8),
        text(0x4282, isWebm ? 'webm' : 'matroska'),
        number(0x4287, 4),
        number(0x4285, 2),
      ]),
    )
    this.#put(id(ID.segment))
    this.#put(UNKNOWN)
    this.#segmentAt = this.#at
    this.#seekAt = this.#at
    // Kept free for the place of the cues, which is known at the end.
    this.#put(element(0xec, [new Uint8Array(SEEK_BYTES - 2)]))
    const head = [number(0x2ad7b1, 1_000_000), text(0x4d80, 'nekode'), text(0x5741, 'nekode')]
    this.#put(element(ID.info, [...head, double(0x4489, 0)]))
    this.#durationAt = this.#at - 8
    this.#put(element(ID.tracks, tracks.map(trackEntry)))
  }

  /** @param ms since the beginning */
  frame(track: Track, ms: number, isKey: boolean, data: Uint8Array): void {
    const at = Math.max(0, Math.round(ms))
    const isCut = isKey && track.kind === 'video'
    const open = this.#cluster
    if (!open || isCut || at - open.ms > CLUSTER_MS || at < open.ms - CLUSTER_MS || open.bytes > CLUSTER_BYTES)
      this.#begin(at)
    const cluster = this.#cluster
    if (!cluster) return
    cluster.cued ||= isCut
    const head = new Uint8Array(4)
    head[0] = 0x80 | (this.#tracks.indexOf(track) + 1)
    new DataView(head.buffer).setInt16(1, at - cluster.ms)
    head[3] = isKey ? 0x80 : 0
    const block = element(0xa3, [head, data])
    cluster.parts.push(block)
    cluster.bytes += block.length
    this.#lastMs = Math.max(this.#lastMs, at)
  }

  /** Writes what is left, how long it is (at least so many milliseconds), and where to jump to. @returns its milliseconds */
  end(ms = 0): number {
    this.#flush()
    if (this.#cues.length > 0) {
      this.#sink.write(seekHead(this.#at - this.#segmentAt), this.#seekAt)
      this.#put(element(ID.cues, this.#cues.map(cue)))
    }
    this.#sink.write(sizeOf(this.#at - this.#segmentAt, 8), this.#segmentAt - 8)
    const length = Math.max(ms, this.#lastMs)
    this.#sink.write(float(length), this.#durationAt)
    return length
  }

  #begin(ms: number): void {
    this.#flush()
    this.#cluster = { ms, parts: [number(0xe7, ms)], bytes: 0, cued: false }
  }

  #flush(): void {
    const cluster = this.#cluster
    this.#cluster = undefined
    if (!cluster) return
    if (cluster.cued) this.#cues.push({ ms: cluster.ms, at: this.#at - this.#segmentAt })
    this.#put(element(ID.cluster, cluster.parts))
  }

  #put(bytes: Uint8Array): void {
    this.#sink.write(bytes, this.#at)
    this.#at += bytes.length
  }
}

function trackEntry(track: Track, at: number): Uint8Array {
  const { kind, codec, config, width, height, sampleRate, channels } = track
  const isVideo = kind === 'video'
  return element(0xae, [
    number(0xd7, at + 1),
    number(0x73c5, at + 1),
    number(0x83, isVideo ? 1 : 2),
    text(0x86, codec),
    ...(config ? [element(0x63a2, [config])] : []),
    isVideo
      ? element(0xe0, [number(0xb0, width ?? 0), number(0xba, height ?? 0)])
      : element(0xe1, [double(0xb5, sampleRate ?? 48_000), number(0x9f, channels ?? 2)]),
  ])
}

const seekHead = (at: number): Uint8Array =>
  element(0x114d9b74, [element(0x4dbb, [element(0x53ab, [id(ID.cues)]), element(0x53ac, [bigEndian(at, 8)])])])

const SEEK_BYTES = seekHead(0).length

const cue = ({ ms, at }: { ms: number; at: number }): Uint8Array =>
  element(0xbb, [number(0xb3, ms), element(0xb7, [number(0xf7, 1), number(0xf1, at)])])

function element(name: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([id(name), sizeOf(length), ...parts])
}

function id(name: number): Uint8Array {
  return bigEndian(name, Math.ceil(Math.log2(name + 1) / 8))
}

/** A length with the mark of how many bytes it takes. */
function sizeOf(
  length: number,
  bytes = length < 0x7f ? 1 : length < 0x3fff ? 2 : length < 0x1fffff ? 3 : 8,
): Uint8Array {
  const size = bigEndian(length, bytes)
  size[0] = (size[0] ?? 0) | (0x100 >> bytes)
  return size
}

function number(name: number, value: number): Uint8Array {
  return element(name, [bigEndian(value, Math.max(1, Math.ceil(Math.log2(value + 1) / 8)))])
}

const text = (name: number, value: string): Uint8Array => element(name, [new TextEncoder().encode(value)])

const double = (name: number, value: number): Uint8Array => element(name, [float(value)])

function float(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, value)
  return bytes
}

function bigEndian(value: number, bytes: number): Uint8Array {
  const all = new Uint8Array(bytes)
  for (let at = bytes - 1, rest = value; at >= 0; at--, rest = Math.floor(rest / 256)) all[at] = rest % 256
  return all
}
