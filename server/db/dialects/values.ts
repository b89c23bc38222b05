import { z } from 'zod'

// JSON's null is no value in every database, however the row is written: drizzle skips the encoder for null in some places only.
export const encode = (v: unknown): string => (v === null ? v : JSON.stringify(v)) as string
export const decode = (v: unknown): unknown => (typeof v === 'string' ? JSON.parse(v) : v)

export const bytes = (v: unknown): Uint8Array => {
  if (v instanceof Uint8Array) return new Uint8Array(v)
  // drizzle's JSON-shaped reads hand blobs over as base64 text
  return Uint8Array.fromBase64(z.string().parse(v))
}
