import { type MessageInitShape, create } from '@bufbuild/protobuf'
import {
  type ProxyFrame,
  ProxyFrameKind,
  ProxyFrameSchema,
  type ProxyHeader,
} from '@shared/gen/nekode/daemon/v1/tunnels_pb'
import { FRAME_BYTES, type Fields, MAX_HEADER_BYTES, WINDOW_BYTES, WINDOW_HEADER } from './names'

export * from './names'

/*
 * What both ends of ProxyExchange agree on. The messages of the wire are those of deployed daemons and have no flow control; a daemon
 * that can do it says so in its attach frame, the server answers it, and from then on each end sends only what the other has room for.
 */

export type FrameInit = MessageInitShape<typeof ProxyFrameSchema>

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
