declare module '@babel/core' {
  export type PluginItem = unknown
  export function transformAsync(
    code: string,
    options: {
      filename: string
      babelrc: boolean
      configFile: boolean
      sourceMaps: 'inline' | false
      plugins: PluginItem[]
      presets: PluginItem[]
    },
  ): Promise<{ code?: string | null } | null>
}
declare module '@babel/preset-typescript' {
  const preset: unknown
  export default preset
}
declare module 'babel-preset-solid' {
  const preset: unknown
  export default preset
}
declare module 'solid-refresh/babel' {
  const plugin: unknown
  export default plugin
}
