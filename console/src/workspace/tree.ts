import type { WorkspaceEntry } from '@shared/contract'

/** Folders before files, each by name, numbers in names by their value. */
export const inOrder = (entries: readonly WorkspaceEntry[]): WorkspaceEntry[] =>
  entries.toSorted((a, b) => {
    const folders = Number(b.kind === 'folder') - Number(a.kind === 'folder')
    return folders || a.name.localeCompare(b.name, undefined, { numeric: true })
  })

/** The language of a file for the highlighter, by its name. */
const byEnding: Record<string, string> = {
  c: 'c',
  cc: 'cpp',
  cpp: 'cpp',
  cs: 'csharp',
  css: 'css',
  diff: 'diff',
  go: 'go',
  h: 'c',
  hpp: 'cpp',
  html: 'xml',
  ini: 'ini',
  java: 'java',
  js: 'javascript',
  json: 'json',
  jsx: 'javascript',
  kt: 'kotlin',
  mjs: 'javascript',
  patch: 'diff',
  php: 'php',
  ps1: 'powershell',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  sh: 'bash',
  sql: 'sql',
  svg: 'xml',
  swift: 'swift',
  toml: 'ini',
  ts: 'typescript',
  tsx: 'typescript',
  xml: 'xml',
  yaml: 'yaml',
  yml: 'yaml',
}

export function languageOf(path: string): string | undefined {
  const name = path.split('/').at(-1)?.toLowerCase() ?? ''
  if (name === 'dockerfile') return 'dockerfile'
  return name.includes('.') ? byEnding[name.split('.').at(-1) ?? ''] : undefined
}

/** Largest picture that the server shows. */
const largest = 16 << 20

/** Whether a file that is no text is worth asking for as a picture: by its name, the server looks at its bytes. */
export const mayBePicture = ({ path, sizeBytes }: { path: string; sizeBytes: number }): boolean =>
  /\.(?:png|apng|jpe?g|gif|webp|avif|bmp)$/i.test(path) && sizeBytes <= largest

export const imagePath = (agentId: string, path: string): string =>
  `/api/agents/${encodeURIComponent(agentId)}/workspace/image?path=${encodeURIComponent(path)}`

/** Where the arrow keys lead from a row of the tree, as a row’s path. */
export function step(rows: readonly string[], at: string, key: string): string | undefined {
  const index = rows.indexOf(at)
  const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: rows.length - 1 }[key]
  return to === undefined ? undefined : rows[Math.max(0, Math.min(rows.length - 1, to))]
}
