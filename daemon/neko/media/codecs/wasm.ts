/** @param file what a `.wasm` import is: a path when run from source, the bytes themselves when built */
export async function wasmBytes(file: string | Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return typeof file === 'string' ? Bun.file(file).bytes() : file
}
