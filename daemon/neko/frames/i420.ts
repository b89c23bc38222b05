import type { Box } from '../geometry'
import type { I420 } from '../media/codecs/decoder'
import { bmpToJpeg, clip, emptyBmp, type Picture, type Pixels } from './picture'

/** BT.601 in limited range, which is what encoders of desktops write; 16.16 fixed point. */
const BRIGHTNESS = table((value) => (value - 16) * 1.164383, 0.5)
const RED_OF_V = table((value) => (value - 128) * 1.596027)
const GREEN_OF_U = table((value) => (value - 128) * -0.391762)
const GREEN_OF_V = table((value) => (value - 128) * -0.812968)
const BLUE_OF_U = table((value) => (value - 128) * 2.017232)

function table(of: (value: number) => number, rounding = 0): Int32Array {
  return Int32Array.from({ length: 256 }, (_, value) => Math.round((of(value) + rounding) * 65_536))
}

/** Where the colours of a pixel go, and how long a row is. */
interface Layout {
  bytes: Uint8ClampedArray
  rowBytes: number
  red: number
  green: number
  blue: number
}

function convert({ y, u, v }: I420, { x: left, y: top, width, height }: Box, to: Layout): void {
  const { bytes, rowBytes, red, green, blue } = to
  for (let row = 0; row < height; row++) {
    const luma = (top + row) * y.stride + left
    const uRow = ((top + row) >> 1) * u.stride
    const vRow = ((top + row) >> 1) * v.stride
    for (let column = 0, at = row * rowBytes; column < width; column++, at += 3) {
      const chroma = (left + column) >> 1
      const cb = u.bytes[uRow + chroma] ?? 128
      const cr = v.bytes[vRow + chroma] ?? 128
      const light = BRIGHTNESS[y.bytes[luma + column] ?? 16] ?? 0
      bytes[at + red] = (light + (RED_OF_V[cr] ?? 0)) >> 16
      bytes[at + green] = (light + (GREEN_OF_U[cb] ?? 0) + (GREEN_OF_V[cr] ?? 0)) >> 16
      bytes[at + blue] = (light + (BLUE_OF_U[cb] ?? 0)) >> 16
    }
  }
}

/** @param planes which nobody writes to any more */
export function pictureOfPlanes(planes: I420, at: number): Picture {
  const { width, height } = planes
  return {
    width,
    height,
    at,
    source: 'webrtc',
    async jpeg(options = {}) {
      const part = options.crop ? clip(options.crop, planes) : { x: 0, y: 0, width, height }
      const { file, offset, rowBytes } = emptyBmp(part)
      const bytes = new Uint8ClampedArray(file.buffer, offset)
      convert(planes, part, { bytes, rowBytes, red: 2, green: 1, blue: 0 })
      return bmpToJpeg(file, part, options)
    },
    async pixels(): Promise<Pixels> {
      const bytes = new Uint8ClampedArray(width * height * 3)
      convert(planes, { x: 0, y: 0, width, height }, { bytes, rowBytes: width * 3, red: 0, green: 1, blue: 2 })
      return { width, height, rgb: new Uint8Array(bytes.buffer) }
    },
  }
}
