import type { BunPlugin } from 'bun'

/**
 * For a program that is one file. There Bun 1.4.5 runs tsyringe (of werift's certificates) before the CommonJS package that has to be there first,
 * though it is imported first; so tsyringe imports that itself.
 */
export const reflectFirst: BunPlugin = {
  name: 'reflect-metadata before tsyringe',
  setup(build) {
    build.onLoad({ filter: /[\\/]tsyringe[\\/]dist[\\/][^\\/]+[\\/]index\.js$/ }, async ({ path }) => ({
      contents: `import 'reflect-metadata'\n${await Bun.file(path).text()}`,
      loader: 'js',
    }))
  },
}
