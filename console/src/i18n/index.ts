import { createSignal } from 'solid-js'
import type { Texts } from './en'
import { english } from './texts'
// What the first screen says. A file that uses the texts of another area imports that area.
import './en/common'
import './en/errors'
import './en/conversation'
import './en/composer'
import './en/approvals'
import './en/runs'
import './en/agents'
import './en/computers'

export type Key = keyof Texts
export const locales = { en: 'English', 'zh-CN': '简体中文' } as const
export type Locale = keyof typeof locales

type Names<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never
type Values<K extends Key> = [Names<Texts[K]>] extends [never] ? [] : [values: Record<Names<Texts[K]>, string | number>]

/** Texts with nothing to fill in: what a table of labels holds. */
export type PlainKey = { [K in Key]: Values<K> extends [] ? K : never }[Key]

const storageKey = 'nekode.locale'
const [locale, setLocale] = createSignal<Locale>('en')
const [dictionary, setDictionary] = createSignal<Record<string, string>>(english)

export { locale }

/** Makes a formatter once for each language: making one takes a hundred times as long as using it, and every message has a time. */
export function inLocale<T>(make: (locale: Locale) => T): () => T {
  let made: { locale: Locale; value: T } | undefined
  return () => {
    if (made?.locale !== locale()) made = { locale: locale(), value: make(locale()) }
    return made.value
  }
}

const plural = inLocale((locale) => new Intl.PluralRules(locale))

/**
 * The text for `key` in the reader's language. `{name}` is replaced by the value of that name; `one||many` is chosen by the
 * value of `n`, by the rules of the language.
 */
export function t<K extends Key>(key: K, ...[values]: Values<K>): string {
  const given: Record<string, string | number> = values ?? {}
  const forms = (dictionary()[key] ?? key).split('||')
  const one = forms.length > 1 && plural().select(Number(given['n'])) === 'one'
  const text = (one ? forms[0] : forms.at(-1)) ?? key
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(given[name] ?? ''))
}

const isLocale = (value: string | null): value is Locale => value !== null && Object.hasOwn(locales, value)

/** What was chosen on this browser, else what the browser prefers, else English. */
export function preferredLocale(stored: string | null, languages: readonly string[]): Locale {
  if (isLocale(stored)) return stored
  const known = languages.find((language) => /^(en|zh)\b/i.test(language))
  return known?.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

async function show(next: Locale): Promise<void> {
  // Chinese is a file of its own, so that nobody loads a language they do not read.
  const texts = next === 'zh-CN' ? (await import('./zh')).zh : english
  setDictionary(() => texts)
  setLocale(next)
  document.documentElement.lang = next
}

/** Shows the page in the reader's language; before the first render. */
export async function startLocale(): Promise<void> {
  let stored: string | null = null
  try {
    stored = localStorage.getItem(storageKey)
  } catch {
    // Storage may be forbidden; the browser's language decides.
  }
  const preferred = preferredLocale(stored, navigator.languages)
  if (preferred !== 'en') await show(preferred)
}

/** Changes the language and keeps the choice. */
export async function chooseLocale(next: Locale): Promise<void> {
  try {
    localStorage.setItem(storageKey, next)
  } catch {
    // Not kept, but shown.
  }
  await show(next)
}
