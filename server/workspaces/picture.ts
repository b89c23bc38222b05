import { MAX_IMAGE_BYTES } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { FILES } from '@shared/limits'
import type { Exchange } from '@shared/tunnel/exchange'
import { POLICY } from '../attachments/serve'

/** As much of a file as tells what it is; all of one that is smaller. */
export async function beginning(exchange: Pick<Exchange, 'read'>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  while (size < FILES.sniffedBytes) {
    const chunk = await exchange.read()
    if (!chunk) break
    chunks.push(chunk)
    size += chunk.length
  }
  return Buffer.concat(chunks)
}

/** @param over called once when all of it has gone, or nobody wants it any more */
export function pictureResponse(
  type: string,
  begun: Uint8Array,
  exchange: Pick<Exchange, 'read'>,
  over: () => void,
): Response {
  let size = begun.length
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(begun),
    async pull(controller) {
      try {
        const chunk = await exchange.read()
        size += chunk?.length ?? 0
        if (size > MAX_IMAGE_BYTES) throw new NekodeError('too_large', 'The picture is too large.')
        if (chunk) return controller.enqueue(chunk)
        over()
        controller.close()
      } catch (error) {
        over()
        controller.error(error)
      }
    },
    cancel: over,
  })
  return new Response(body, {
    headers: {
      'content-type': type,
      'content-disposition': 'inline',
      'content-security-policy': POLICY,
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      // What is there now may be another one in a moment.
      'cache-control': 'private, no-store',
    },
  })
}
