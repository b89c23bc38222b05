import { resolve } from 'node:path'
import type { BunPlugin } from 'bun'
import { createGenerator } from 'unocss'
import { unoConfig } from './theme'

const root = resolve(import.meta.dir, '..')
const sources = ['src/**/*.{ts,tsx}', '*.html']

export interface Sheet {
  /** Reads every source of the console. */
  scan(): Promise<void>
  /** @returns whether `code` holds a class that was not known before */
  feed(code: string, id: string): Promise<boolean>
  css(minify?: boolean): Promise<string>
}

/** The utility classes that the console's sources name, as one style sheet. */
export async function createSheet(): Promise<Sheet> {
  const uno = await createGenerator(unoConfig)
  const tokens = new Set<string>()
  return {
    async scan() {
      for (const pattern of sources) {
        for await (const path of new Bun.Glob(pattern).scan({ cwd: root, absolute: true })) {
          await uno.applyExtractors(await Bun.file(path).text(), path, tokens)
        }
      }
    },
    async feed(code, id) {
      const before = tokens.size
      await uno.applyExtractors(code, id, tokens)
      return tokens.size > before
    },
    async css(minify = false) {
      return (await uno.generate(tokens, { minify })).css
    },
  }
}

/** Serves `virtual:uno.css` to Bun's bundler. */
export const unoPlugin = (): BunPlugin => ({
  name: 'uno',
  setup(build) {
    build.onResolve({ filter: /^virtual:uno\.css$/ }, () => ({ path: 'uno.css', namespace: 'uno' }))
    build.onLoad({ filter: /.*/, namespace: 'uno' }, async () => {
      const sheet = await createSheet()
      await sheet.scan()
      return { contents: await sheet.css(true), loader: 'css' }
    })
  },
})
