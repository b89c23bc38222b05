/** Bytes from `start` up to and without `end`. */
export interface ByteRange {
  start: number
  end: number
}

/** Where contents are kept, each under the SHA-256 of its bytes in hexadecimal. */
export interface BlobStore {
  /** For `nekode` to say where files are; no credential in it. */
  readonly place: string
  /**
   * Keeps the contents of a file. What is there already is not written again; when this resolves it survives power loss.
   * @param path of a complete file; it may be gone afterwards
   * @throws NekodeError `storage_full`, `storage_unavailable`
   */
  put(hash: string, path: string, sizeBytes: number): Promise<void>
  /**
   * The bytes, or a part of them.
   * @throws NekodeError `blob_missing`
   */
  read(hash: string, sizeBytes: number, range?: ByteRange): Promise<Blob | ReadableStream<Uint8Array>>
  /** Removes it; nothing when it is not there. */
  remove(hash: string): Promise<void>
}
