import type { BunPlugin } from 'bun'

const LEVEL = 19

/**
 * Puts WebAssembly into the code that imports it, as its bytes: an executable's parts, and a program that is one file, have nothing beside them.
 * Packed, it is a third of its size there, and is unpacked by the few who ever import it.
 * Run from source the same import is the file's path.
 */
export const embedWasm: BunPlugin = {
  name: 'embedded WebAssembly',
  setup(build) {
    build.onLoad({ filter: /\.wasm$/ }, async ({ path }) => {
      const packed = await Bun.zstdCompress(await Bun.file(path).bytes(), { level: LEVEL })
      const base64 = new Uint8Array(packed).toBase64()
      return { contents: `export default Bun.zstdDecompressSync(Uint8Array.fromBase64('${base64}'))`, loader: 'js' }
    })
    // Emscripten's code looks for its WebAssembly beside itself when it gets no bytes, and the bundler would write down where that is here.
    build.onLoad({ filter: /[\\/]ogv-decoder-[^\\/]+\.js$/ }, async ({ path }) => ({
      contents: (await Bun.file(path).text()).replaceAll(/__(dir|file)name\b/g, '""'),
      loader: 'js',
    }))
  },
}
