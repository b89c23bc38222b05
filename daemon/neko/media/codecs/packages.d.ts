/** A path when run from source, the bytes when built: see `server/build/wasm`. */
declare module '*.wasm' {
  const file: string | Uint8Array<ArrayBuffer>
  export default file
}

declare module 'ogv/dist/*.js' {
  interface Plane {
    bytes: Uint8Array
    stride: number
  }
  interface Frame {
    format: { cropLeft: number; cropTop: number; cropWidth: number; cropHeight: number }
    y: Plane
    u: Plane
    v: Plane
  }
  interface Module {
    init(done: () => void): void
    /** Calls back before it returns. */
    processFrame(data: ArrayBuffer, done: (ok: boolean) => void): void
    recycleFrame(frame: Frame): void
    frameBuffer: Frame | null
  }
  const load: (options: Record<string, unknown>) => Promise<Module>
  export default load
}
