import { blobCorrupt } from './errors'

/** Passes bytes on and fails at their end when they are not those that the hash was made of. */
export function verified(body: Blob | ReadableStream<Uint8Array>, hash: string): ReadableStream<Uint8Array> {
  const hasher = new Bun.CryptoHasher('sha256')
  return (body instanceof Blob ? body.stream() : body).pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        hasher.update(chunk)
        controller.enqueue(chunk)
      },
      flush(controller) {
        if (hasher.digest('hex') !== hash) controller.error(blobCorrupt(hash))
      },
    }),
  )
}
