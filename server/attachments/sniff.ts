import type { MediaKind } from '@shared/contract'
import { FILES } from '@shared/limits'
import { open } from 'node:fs/promises'
import { textOf } from './encoding'

/** What a file is. */
export interface Sniffed {
  mimeType: string
  media: MediaKind
  width: number | null
  height: number | null
  encoding: string | null
  /** The beginning of a text. */
  text: string | null
  textCut: boolean
}

/**
 * What a browser may show in place. Each is found in the bytes, is nothing that can hold a script, and is told to the browser together
 * with `nosniff`, so that it takes it for nothing else.
 */
const SHOWN: Readonly<Record<string, MediaKind>> = {
  'image/png': 'image',
  'image/apng': 'image',
  'image/jpeg': 'image',
  'image/gif': 'image',
  'image/webp': 'image',
  'image/avif': 'image',
  'image/bmp': 'image',
  'audio/mpeg': 'audio',
  'audio/wav': 'audio',
  'audio/ogg': 'audio',
  'audio/flac': 'audio',
  'audio/aac': 'audio',
  'audio/mp4': 'audio',
  'audio/x-m4a': 'audio',
  'video/mp4': 'video',
  'video/webm': 'video',
  'video/ogg': 'video',
}

/** Texts that a browser would run or draw: they are never shown in place, not even as text. */
const MARKUP = /^(?:text\/(?:html|xml|xsl)|image\/svg|application\/(?:\S*\+)?xml|application\/xhtml|multipart\/)/i
const TEXTUAL =
  /^(?:text\/[\w.+-]+|application\/(?:[\w.-]+\+)?(?:json|xml|yaml|toml|javascript|typescript|x-ndjson|sql|x-sh|graphql)|image\/svg\+xml)$/i

/**
 * Looks at a file.
 * @param name only tells one kind of text from another
 * @param claimed what its sender says; as the name
 */
export async function sniff(path: string, sizeBytes: number, name: string, claimed: string): Promise<Sniffed> {
  const head = await headOf(path)
  // Loaded with the first file: most starts of the server see none.
  const { fileTypeFromBuffer } = await import('file-type')
  const found = await fileTypeFromBuffer(head).catch(() => undefined)
  const nothing = { width: null, height: null, encoding: null, text: null, textCut: false }
  const mime = found?.mime.split(';')[0]?.trim() ?? ''
  if (mime !== '' && !MARKUP.test(mime)) {
    const media = SHOWN[mime] ?? 'file'
    return { ...nothing, mimeType: mime, media, ...(media === 'image' ? await sizeOf(path, sizeBytes) : {}) }
  }
  const read = textOf(head, sizeBytes > head.length)
  if (!read) return { ...nothing, mimeType: 'application/octet-stream', media: 'file' }
  const mimeType = mime || textType(name, claimed)
  const media = MARKUP.test(mimeType) || /^\s*<[!?a-z]/i.test(read.text) ? 'file' : 'text'
  return { ...nothing, mimeType, media, ...read, textCut: sizeBytes > head.length }
}

/** The type of a picture that a browser may show in place, by its first bytes; undefined for everything else. */
export async function imageType(head: Uint8Array): Promise<string | undefined> {
  const { fileTypeFromBuffer } = await import('file-type')
  const found = await fileTypeFromBuffer(head).catch(() => undefined)
  const mime = found?.mime.split(';')[0]?.trim() ?? ''
  return SHOWN[mime] === 'image' ? mime : undefined
}

function textType(name: string, claimed: string): string {
  const ofName = Bun.file(name).type.split(';')[0]?.trim() ?? ''
  const said = claimed.split(';')[0]?.trim().toLowerCase() ?? ''
  return [said, ofName].find((type) => TEXTUAL.test(type) && type !== 'text/plain') ?? 'text/plain'
}

async function headOf(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(Math.max(FILES.sniffedBytes, FILES.previewBytes))
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    return head.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** Out of the image's header; what the decoder does not know has no size, and is no error. */
async function sizeOf(path: string, sizeBytes: number): Promise<Partial<Sniffed>> {
  if (sizeBytes > FILES.imageBytes) return {}
  try {
    const { width, height } = await new Bun.Image(path, { maxPixels: Number.MAX_SAFE_INTEGER }).metadata()
    return { width, height }
  } catch {
    // Damaged, or of a kind that this machine cannot decode.
    return {}
  }
}
