/** A text and how its bytes were read. */
export interface Decoded {
  text: string
  encoding: string
}

/** Control characters that texts have: tab to carriage return, and escape. */
const isUsual = (code: number): boolean => (code >= 9 && code <= 13) || code === 27

function isBinary(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if ((code < 32 || code === 127) && !isUsual(code)) return true
  }
  return false
}

/** Of the bytes above ASCII, how many have to come in pairs as GB 2312 has them for the text to be taken for Chinese. */
const PAIRED = 0.9

/**
 * The text in some bytes; undefined when they are none.
 * @param cut the bytes are the beginning of more: the last character may be broken
 */
export function textOf(bytes: Uint8Array, cut = false): Decoded | undefined {
  const marked = byMark(bytes)
  if (marked) return decode(marked, bytes, cut)
  if (bytes.includes(0)) {
    const wide = wideOf(bytes)
    return wide ? decode(wide, bytes, cut) : undefined
  }
  const utf8 = decode('utf-8', bytes, cut)
  if (utf8) return utf8
  return (looksChinese(bytes) ? decode('gb18030', bytes, cut) : undefined) ?? decode('windows-1252', bytes, cut)
}

function byMark([a, b, c]: Uint8Array): string | undefined {
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8'
  if (a === 0xff && b === 0xfe) return 'utf-16le'
  return a === 0xfe && b === 0xff ? 'utf-16be' : undefined
}

/** UTF-16 without a mark has its zeros on one side, in texts of Latin letters. */
function wideOf(bytes: Uint8Array): string | undefined {
  const zeros = [0, 0]
  for (const [at, byte] of bytes.entries()) if (byte === 0) zeros[at & 1] = (zeros[at & 1] ?? 0) + 1
  const [even = 0, odd = 0] = zeros
  const most = bytes.length * 0.3
  if (odd > most && even < odd / 50) return 'utf-16le'
  return even > most && odd < even / 50 ? 'utf-16be' : undefined
}

function decode(encoding: string, bytes: Uint8Array, cut: boolean): Decoded | undefined {
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: cut })
    return isBinary(text) ? undefined : { text, encoding }
  } catch {
    // Not of this encoding: that is what was asked.
    return undefined
  }
}

function looksChinese(bytes: Uint8Array): boolean {
  let high = 0
  let paired = 0
  for (let at = 0; at < bytes.length; at++) {
    if ((bytes[at] ?? 0) < 0x80) continue
    high++
    if ((bytes[at] ?? 0) >= 0xa1 && (bytes[at + 1] ?? 0) >= 0xa1) {
      high++
      paired += 2
      at++
    }
  }
  return high > 0 && paired / high >= PAIRED
}
