import type { MediaSession } from '../media/session'
import { pictureOfPlanes } from './i420'
import type { Picture } from './picture'
import { DEFAULT_TIMEOUT_MS, type FrameSource, type NextOptions } from './source'

/** Pictures of the room's video. The session stays its owner's. */
export class WebRtcFrames implements FrameSource {
  readonly kind = 'webrtc'

  constructor(private readonly media: MediaSession) {}

  async next({ after, timeoutMs = DEFAULT_TIMEOUT_MS, signal }: NextOptions = {}): Promise<Picture> {
    const { planes, at } = await this.media.picture({ timeoutMs, signal, ...(after === undefined ? {} : { after }) })
    return pictureOfPlanes(planes, at)
  }

  async close(): Promise<void> {}
}
