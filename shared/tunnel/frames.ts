import { type MessageInitShape, create } from '@bufbuild/protobuf'
import {
  type ProxyFrame,
  ProxyFrameKind,
  ProxyFrameSchema,
  type ProxyHeader,
} from '@shared/gen/nekode/daemon/v1/tunnels_pb'

/*
 * What both ends of ProxyExchange agree on. The messages of the wire are those of deployed daemons and have no flow control; a daemon
 * that can do it says so in its attach frame, the server answers it, and from then on each end sends only what the other has room for.
 */

/** In `tunnel_id`: opens the stream, says what an end can do, and is its sign of life after that. */
export const ATTACH = '__attach__'
/** In `tunnel_id`: the other end may send `status_code` more bytes of the request `request_id`. */
export const WINDOW = '__window__'
/** In `tunnel_id`: the request is for the daemon itself, about the files of an agent. */
export const WORKSPACE = '__workspace__'

/** Which port a request is for; deployed daemons go by it. */
export const PORT_HEADER = 'X-Nekode-Tunnel-Port'
/** With an attach frame: the bytes that each request may send before it is told to go on. */
export const WINDOW_HEADER = 'X-Nekode-Tunnel-Window'
/** With an attach frame: what the daemon serves besides ports, such as `workspace`. */
export const FEATURES_HEADER = 'X-Nekode-Tunnel-Features'
/** With the answer of a request that the daemon refused itself: the code of the refusal. */
export const REFUSED_HEADER = 'X-Nekode-Tunnel-Refused'

/** Largest piece of a body in one frame. Small enough that a request waits less than a millisecond for the others' turns. */
export const FRAME_BYTES = 64 * 1024
/** The limit of deployed daemons. */
export const LEGACY_FRAME_BYTES = 32 * 1024
/** What a request may have on its way: 100 MB/s at a round trip of 5 ms. */
export const WINDOW_BYTES = 512 * 1024
/** Header fields of one request or answer, names and values together. */
export const MAX_HEADER_BYTES = 64 * 1024
/** How often an end says that it is there, and how long it believes in a silent one. */
export const ALIVE_MS = 15_000
export const SILENCE_MS = 45_000

/** The path of the RPC, and of the WebSocket that carries the same frames where there is only HTTP/1.1 on the way. */
export const EXCHANGE_PATH = '/nekode.daemon.v1.DaemonControlService/ProxyExchange'

export type FrameInit = MessageInitShape<typeof ProxyFrameSchema>
export type Fields = [name: string, value: string][]

export const frame = (init: FrameInit): ProxyFrame => create(ProxyFrameSchema, init)

/** Header fields as the wire has them: a name with all its values. */
export function wireHeaders(fields: Iterable<readonly [string, string]>): { name: string; value: string[] }[] {
  const byName = new Map<string, { name: string; value: string[] }>()
  for (const [name, value] of fields) {
    const known = byName.get(name.toLowerCase())
    if (known) known.value.push(value)
    else byName.set(name.toLowerCase(), { name, value: [value] })
  }
  return [...byName.values()]
}

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/
// oxlint-disable-next-line no-control-regex -- what must not be in a header field
const FORBIDDEN = /[\u0000-\u0008\u000a-\u001f\u007f]/

/** Header fields off the wire; those that would be no header fields are left out, and so is what is more than the limit. */
export function readHeaders(headers: readonly ProxyHeader[]): Fields {
  const fields: Fields = []
  let size = 0
  for (const { name, value } of headers)
    for (const one of value) {
      size += name.length + one.length
      if (size > MAX_HEADER_BYTES) return fields
      if (NAME.test(name) && !FORBIDDEN.test(one)) fields.push([name, one])
    }
  return fields
}

/** The first value of a field. */
export const headerOf = (headers: readonly ProxyHeader[], name: string): string | undefined =>
  headers.find((header) => header.name.toLowerCase() === name.toLowerCase())?.value[0]

/** What the other end says that it can do; undefined for one that does not know of windows. */
export function announced(headers: readonly ProxyHeader[]): number | undefined {
  const bytes = Number(headerOf(headers, WINDOW_HEADER) ?? Number.NaN)
  return Number.isSafeInteger(bytes) && bytes >= FRAME_BYTES ? Math.min(bytes, 16 * WINDOW_BYTES) : undefined
}

export const windowHeaders = (more: Fields = []): { name: string; value: string[] }[] =>
  wireHeaders([[WINDOW_HEADER, String(WINDOW_BYTES)], ...more])

export { ProxyFrameKind as Kind }
export type { ProxyFrame }
