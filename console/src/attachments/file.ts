import { locale } from '../i18n'

const path = (id: string): string => `/api/attachments/${encodeURIComponent(id)}`
/** Where the bytes of a file are, to be shown in place. */
export const contentPath = (id: string): string => `${path(id)}/content`
export const downloadPath = (id: string): string => `${path(id)}/content?download=true`
export const thumbnailPath = (id: string): string => `${path(id)}/thumbnail`

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** `1536` → `1.5 kB`, in the reader's language. */
export function sizeText(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(bytes) / Math.log(1024)))
  const value = bytes / 1024 ** power
  const format = { style: 'unit', unit: units[power] ?? 'byte', unitDisplay: power === 0 ? 'long' : 'short' } as const
  return new Intl.NumberFormat(locale(), { ...format, maximumFractionDigits: value < 10 && power > 0 ? 1 : 0 }).format(
    value,
  )
}

/** What moves letters about or cannot be seen: a name could seem to end in `.png` and end in `.exe`. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** A file's name as it may be shown: a long one is cut in its middle, because its end tells what it is. */
export function shownName(name: string, longest = 60): string {
  const clean = [...name.replace(unseen, '').trim()]
  if (clean.length === 0) return 'file'
  if (clean.length <= longest) return clean.join('')
  const end = Math.min(16, Math.floor(longest / 3))
  return `${clean.slice(0, longest - end - 1).join('')}…${clean.slice(-end).join('')}`
}

const icons: [pattern: RegExp, icon: string][] = [
  [/^image\//, 'i-lucide-file-image'],
  [/^audio\//, 'i-lucide-file-audio'],
  [/^video\//, 'i-lucide-file-video'],
  [/(zip|tar|gzip|compressed|7z|rar|zstd|xz)/, 'i-lucide-file-archive'],
  [/(sheet|excel|csv)/, 'i-lucide-file-spreadsheet'],
  [/(pdf|word|document|presentation|rtf)/, 'i-lucide-file-text'],
  [/(json|javascript|typescript|xml|yaml|toml|sql|x-sh|html|css)/, 'i-lucide-file-code'],
  [/^text\//, 'i-lucide-file-text'],
]

export const iconOf = (mimeType: string): string =>
  icons.find(([pattern]) => pattern.test(mimeType))?.[1] ?? 'i-lucide-file'

/** Languages of the highlighter by the ending of a name, where the two differ or the ending says it best. */
const languages: Record<string, string> = {
  cjs: 'javascript',
  cc: 'cpp',
  cs: 'csharp',
  h: 'c',
  hpp: 'cpp',
  htm: 'xml',
  html: 'xml',
  js: 'javascript',
  jsonl: 'json',
  jsx: 'javascript',
  kt: 'kotlin',
  mjs: 'javascript',
  mts: 'typescript',
  patch: 'diff',
  ps1: 'powershell',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  sh: 'bash',
  svg: 'xml',
  toml: 'ini',
  ts: 'typescript',
  tsx: 'typescript',
  yml: 'yaml',
}

/** The language that the highlighter may know a text file by; undefined when its name tells none. */
export function languageOf(name: string): string | undefined {
  const base = name.toLowerCase()
  if (base === 'dockerfile') return 'dockerfile'
  const ending = /\.([a-z0-9]+)$/.exec(base)?.[1]
  if (!ending || ['txt', 'log', 'md'].includes(ending)) return undefined
  return languages[ending] ?? ending
}

/** The largest picture in a message, and one whose size is not known; in pixels. */
const most = { width: 380, height: 280 }
const unknown = { width: 240, height: 180 }
/** A picture of a single line could not be hit. */
const least = 56

/** How large a picture stands in a message: known before it has been loaded, so that nothing moves when it has. */
export function boxOf(file: { width: number | null; height: number | null }, several = false): typeof most {
  const { width, height } = file
  if (!width || !height) return unknown
  const limit = several ? { width: 220, height: 160 } : most
  const scale = Math.min(1, limit.width / width, limit.height / height)
  return { width: Math.max(least, Math.round(width * scale)), height: Math.max(least, Math.round(height * scale)) }
}
