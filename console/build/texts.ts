import { basename, resolve } from 'node:path'
import { english } from '../src/i18n/texts'

const root = resolve(import.meta.dir, '../src')

/**
 * Throws when a text is missing: one that a source asks for, or one that only one of the languages has. The type check says so too, but a
 * build does not run it, and a reader would see the key.
 */
export async function checkTexts(): Promise<void> {
  for await (const path of new Bun.Glob('i18n/en/*.ts').scan({ cwd: root, absolute: true }))
    if (basename(path) !== 'index.ts') await import(path)
  const { zh }: { zh: Record<string, string> } = await import('../src/i18n/zh')
  const missing = [
    ...Object.keys(english).flatMap((key) => (zh[key]?.trim() ? [] : [`${key} in Chinese`])),
    ...Object.keys(zh).flatMap((key) => (english[key]?.trim() ? [] : [`${key} in English`])),
  ]
  for await (const path of new Bun.Glob('**/*.{ts,tsx}').scan({ cwd: root })) {
    if (path.startsWith('i18n/') || path.includes('.test.')) continue
    const text = await Bun.file(resolve(root, path)).text()
    for (const [, key = ''] of text.matchAll(/\bt\(\s*'([\w.]+)'/g))
      if (english[key] === undefined) missing.push(`${key}, which ${path} asks for`)
  }
  if (missing.length) throw new Error(`These texts are missing:\n  ${missing.join('\n  ')}`)
}
