import { resolve } from 'node:path'
import type { BunPlugin } from 'bun'
import lucide from '@iconify-json/lucide/icons.json'

const root = resolve(import.meta.dir, '..')
const NAME = /\bi-lucide-([a-z0-9]+(?:-[a-z0-9]+)*)/g
const drawings: Record<string, { body: string } | undefined> = lucide.icons
const aliases: Record<string, { parent: string } | undefined> = lucide.aliases

/** What is drawn of an icon, as SVG without its frame of 24 × 24. @throws when there is none of this name */
function bodyOf(name: string): string {
  const icon = drawings[name] ?? drawings[aliases[name]?.parent ?? '']
  if (!icon) throw new Error(`Lucide has no icon “${name}”`)
  return icon.body
}

/** The icons that the console's sources name. */
export async function usedIcons(): Promise<Record<string, string>> {
  const names = new Set<string>()
  for await (const path of new Bun.Glob('src/**/*.{ts,tsx}').scan({ cwd: root, absolute: true })) {
    for (const [, name = ''] of (await Bun.file(path).text()).matchAll(NAME)) names.add(name)
  }
  // The comment that says how an icon is named is no use of one.
  return Object.fromEntries([...names].toSorted().map((name) => [name, bodyOf(name)]))
}

/** Serves `virtual:icons` to Bun's bundler. A text that is parsed when it runs costs a browser less than an object of that size. */
export const iconsPlugin = (): BunPlugin => ({
  name: 'icons',
  setup(build) {
    build.onResolve({ filter: /^virtual:icons$/ }, () => ({ path: 'icons.js', namespace: 'icons' }))
    build.onLoad({ filter: /.*/, namespace: 'icons' }, async () => ({
      contents: `export default JSON.parse(${JSON.stringify(JSON.stringify(await usedIcons()))})`,
      loader: 'js',
    }))
  },
})
