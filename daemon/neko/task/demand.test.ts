import { expect, test } from 'bun:test'
import { encodePixels, pictureOfFile } from '../frames/picture'
import type { FrameSource } from '../frames/source'
import { OnDemand } from './demand'

const blank = new Uint8Array(await encodePixels({ width: 32, height: 32, rgb: new Uint8Array(32 * 32 * 3) }, 'jpeg'))
const picture = await pictureOfFile(blank, 0)

/** A source that says when it is closed. */
function source() {
  const closed = Promise.withResolvers<void>()
  let isOpen = true
  const made: FrameSource = {
    kind: 'webrtc',
    next: () => Promise.resolve(picture),
    close: () => {
      isOpen = false
      closed.resolve()
      return Promise.resolve()
    },
  }
  return { made, closed: closed.promise, isOpen: () => isOpen }
}

test('a source is made with the first picture, closed when none is wanted, and another made then', async () => {
  const made: ReturnType<typeof source>[] = []
  const frames = new OnDemand(() => {
    made.push(source())
    return made.at(-1)!.made
  }, 5)
  expect(made).toHaveLength(0)
  await frames.next()
  expect(made).toHaveLength(1)
  await made[0]!.closed
  await frames.next()
  expect(made).toHaveLength(2)
  await frames.close()
  expect(made[1]!.isOpen()).toBe(false)
  await expect(frames.next()).rejects.toThrow('closed')
})
