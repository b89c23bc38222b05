import { resolve } from 'node:path'
import type { BunPlugin } from 'bun'
import { iconsPlugin } from './icons'
import { solidPlugin } from './solid'
import { createSheet } from './uno'

// Bun's dev server does not notice when a virtual module changes, so here the sheet is a git-ignored file that it watches.
const file = resolve(import.meta.dir, '../src/.uno.css')
const sheet = await createSheet()
await sheet.scan()
await Bun.write(file, await sheet.css())

/** The console in Bun's dev server (`[serve.static]` in bunfig.toml): Solid with hot refresh, UnoCSS. */
export default {
  name: 'console-dev',
  async setup(build) {
    const onSource = async (code: string, path: string) => {
      if (await sheet.feed(code, path)) await Bun.write(file, await sheet.css())
    }
    await solidPlugin({ sourcemap: true, refresh: true, onSource }).setup(build)
    build.onResolve({ filter: /^virtual:uno\.css$/ }, () => ({ path: file }))
    iconsPlugin().setup(build)
  },
} satisfies BunPlugin
