import type { BunPlugin } from 'bun'
import { transformAsync, type PluginItem } from '@babel/core'
import typescript from '@babel/preset-typescript'
import solid from 'babel-preset-solid'

export interface SolidOptions {
  /** Inline source maps. Default false. */
  sourcemap?: boolean
  /** Hot refresh that keeps the state of components. Default false. */
  refresh?: boolean
  /** Sees each source before it is compiled. */
  onSource?: (code: string, path: string) => Promise<void>
}

/** Compiles Solid's JSX for Bun's bundler, dev server and test runner. */
export const solidPlugin = (options: SolidOptions = {}): BunPlugin => ({
  name: 'solid',
  async setup(build) {
    const refresh = options.refresh ? [[(await import('solid-refresh/babel')).default, { bundler: 'standard' }]] : []
    build.onLoad({ filter: /\.[jt]sx$/ }, async ({ path }) => {
      const source = await Bun.file(path).text()
      await options.onSource?.(source, path)
      const own = !path.replaceAll('\\', '/').includes('/node_modules/')
      const code = await compile(source, path, own ? refresh : [], options.sourcemap ?? false)
      return { contents: own && options.refresh ? inPlace(code) : code, loader: 'js' }
    })
  },
})

async function compile(source: string, filename: string, plugins: PluginItem[], sourcemap: boolean): Promise<string> {
  const result = await transformAsync(source, {
    filename,
    babelrc: false,
    configFile: false,
    sourceMaps: sourcemap ? 'inline' : false,
    plugins,
    presets: [
      [solid, { generate: 'dom', hydratable: false }],
      [typescript, { onlyRemoveTypeImports: true }],
    ],
  })
  if (typeof result?.code !== 'string') throw new Error(`${filename}: Babel gave no code`)
  return result.code
}

/** solid-refresh passes the bundler's `hot` object on as a value, which Bun does not allow: `import.meta.hot` is syntax. */
const inPlace = (code: string) =>
  code.replace(
    /if \(module\.hot\) \{\s*([\w$]+)\("standard", module\.hot, ([\w$]+)\);\s*\}/,
    (_, refresh: string, registry: string) => `if (import.meta.hot) {
  import.meta.hot.accept();
  const data = import.meta.hot.data;
  ${refresh}("standard", {
    data: data["solid-refresh"] ? data : undefined,
    accept() {}, decline() { location.reload(); }, dispose(f) { f(data); },
  }, ${registry});
}`,
  )
