/** How a response body may be compressed, by the name that HTTP gives it. */
export type Encoding = 'br' | 'gzip'

/** What the file of each encoding is called: the plain file's name and this. */
export const encodingSuffix: Record<Encoding, string> = { br: '.br', gzip: '.gz' }

/** One file of the built console. Sizes are in bytes. */
export interface Asset {
  /** The `content-type`. */
  type: string
  size: number
  /** Of the plain content, without quotes. Each encoding needs a tag of its own: append its name. */
  etag: string
  /** The name holds a hash of the content, so a browser may keep it for ever. */
  immutable: boolean
  /** The encodings that exist, with their sizes. Where there is gzip, the plain file is not kept: it comes out of that. */
  encodings: Partial<Record<Encoding, number>>
}

/** The files of the built console by URL path (`/index.html`), as `manifest.json` in its folder holds them. */
export type Manifest = Record<string, Asset>
