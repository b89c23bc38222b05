import { NekodeError } from '@shared/errors'
import type load from 'ogv/dist/*.js'
import type { EncodedFrame } from '../depacketize/frame'
import type { Decoder, I420 } from './decoder'
import { wasmBytes } from './wasm'

type Load = typeof load
type Module = Awaited<ReturnType<Load>>
type Frame = NonNullable<Module['frameBuffer']>

/** The format that ogv.js would have from a container. */
const UNKNOWN_FORMAT = { width: 0, height: 0, cropWidth: 0, cropHeight: 0, displayWidth: 0, displayHeight: 0 }

/** @param name for errors @param wasm what an import of the module's file is */
export async function createOgv(name: string, load: Load, wasm: string | Uint8Array<ArrayBuffer>): Promise<Decoder> {
  const module = await load({
    wasmBinary: await wasmBytes(wasm),
    // Never asked for: the bytes are there. Without it the module looks for itself beside a script that there is not in a bundle.
    locateFile: (file: string) => file,
    // ogv 1.9.0 reads videoFormat.cropWidth with the first frame, and throws where there is none.
    videoFormat: UNKNOWN_FORMAT,
    // dav1d writes to the terminal what it thinks of each damaged frame.
    print: () => undefined,
    printErr: () => undefined,
  })
  await new Promise<void>((resolve) => module.init(resolve))
  return new OgvDecoder(name, module)
}

class OgvDecoder implements Decoder {
  private held: Frame | undefined

  constructor(
    private readonly name: string,
    private readonly module: Module,
  ) {}

  decode({ data }: EncodedFrame): I420 | undefined {
    this.close()
    this.module.frameBuffer = null
    let ok = false
    this.module.processFrame(new Uint8Array(data).buffer, (done) => {
      ok = done
    })
    if (!ok)
      throw new NekodeError('internal', `a frame of the ${this.name} stream is damaged`, { code: 'frame_damaged' })
    const frame = this.decoded()
    if (!frame) return undefined
    this.held = frame
    const { cropLeft: left, cropTop: top, cropWidth: width, cropHeight: height } = frame.format
    const cut = ({ bytes, stride }: Frame['y'], x: number, y: number) => ({
      bytes: bytes.subarray(y * stride + x),
      stride,
    })
    return {
      width,
      height,
      y: cut(frame.y, left, top),
      u: cut(frame.u, left >> 1, top >> 1),
      v: cut(frame.v, left >> 1, top >> 1),
    }
  }

  private decoded(): Frame | null {
    return this.module.frameBuffer
  }

  close(): void {
    if (this.held) this.module.recycleFrame(this.held)
    this.held = undefined
  }
}
