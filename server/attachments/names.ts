/** What moves letters about, or cannot be seen: a name could seem to end in `.png` and end in `.exe`. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const MOST = 255

/** A file's name as it is kept: the last part of a path, without what only misleads. */
export function cleanName(name: string): string {
  const last = name.toWellFormed().replaceAll('\\', '/').split('/').at(-1) ?? ''
  const clean = last.replace(UNSEEN, '').trim()
  if (clean === '' || clean === '.' || clean === '..') return 'file'
  if (clean.length <= MOST) return clean
  const ending = /\.[^.]{1,16}$/.exec(clean)?.[0] ?? ''
  return clean.slice(0, MOST - ending.length).toWellFormed() + ending
}

/** A name for a header (RFC 6266): in ASCII for the old, whole for the rest. */
export function disposition(kind: 'inline' | 'attachment', filename: string): string {
  const ascii = filename.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_')
  const whole = encodeURIComponent(filename).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${whole}`
}
