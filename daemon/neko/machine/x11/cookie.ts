import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'

export const COOKIE_NAME = 'MIT-MAGIC-COOKIE-1'

/** Any address and any display: the server that it is for chooses its number later. */
const FAMILY_WILD = 0xffff

/** Writes an Xauthority file (0600) with a new cookie, for a server and its clients. */
export function writeCookie(path: string): Uint8Array {
  const cookie = randomBytes(16)
  const field = (data: Uint8Array) => Buffer.concat([u16(data.length), data])
  const none = Buffer.alloc(0)
  const entry = [u16(FAMILY_WILD), field(none), field(none), field(Buffer.from(COOKIE_NAME)), field(cookie)]
  writeFileSync(path, Buffer.concat(entry), { mode: 0o600 })
  return cookie
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
