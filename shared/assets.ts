/** What a compressed file is called: the plain file's name and this. */
export const BROTLI_SUFFIX = '.br'

/** One file of the built console. Sizes are in bytes. */
export interface Asset {
  /** The `content-type`. */
  type: string
  size: number
  /** Of the plain content, without quotes. Each encoding needs a tag of its own: append its name. */
  etag: string
  /** The name holds a hash of the content, so a browser may keep it for ever. */
  immutable: boolean
  /** As brotli; then the plain file is not kept. Null for what is kept as it is. */
  brotliBytes: number | null
}

/** The files of the built console by URL path (`/index.html`), as `manifest.json` in its folder holds them. */
export type Manifest = Record<string, Asset>
