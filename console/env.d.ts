declare module 'virtual:uno.css'
declare module 'virtual:icons' {
  /** SVG by the name of the icon. */
  const icons: Record<string, string | undefined>
  export default icons
}
declare module '*.css'
