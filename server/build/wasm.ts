import type { BunPlugin } from 'bun'

/**
 * Puts WebAssembly into the code that imports it, as its bytes: an executable's parts, and a program that is one file, have nothing beside them.
 * Run from source the same import is the file's path.
 */
export const embedWasm: BunPlugin = {
  name: 'embedded WebAssembly',
  setup(build) {
    build.onLoad({ filter: /\.wasm$/ }, async ({ path }) => ({
      contents: `export default Uint8Array.fromBase64('${(await Bun.file(path).bytes()).toBase64()}')`,
      loader: 'js',
    }))
    // Emscripten's code looks for its WebAssembly beside itself when it gets no bytes, and the bundler would write down where that is here.
    build.onLoad({ filter: /[\\/]ogv-decoder-[^\\/]+\.js$/ }, async ({ path }) => ({
      contents: (await Bun.file(path).text()).replaceAll(/__(dir|file)name\b/g, '""'),
      loader: 'js',
    }))
  },
}
