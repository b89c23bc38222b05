import { push as english } from '../i18n/en/push'
import { push as chinese } from '../i18n/zh/push'

/** What the server sends to a browser, as JSON inside an encrypted message. */
export interface PushMessage {
  kind: 'mention' | 'message' | 'dm' | 'approval' | 'task' | 'review' | 'test'
  locale: 'en' | 'zh-CN'
  by: string
  /** The conversation; empty when it may not be named. */
  place: string
  /** What was said; empty when it may not leave the server. */
  text: string
  /** The path of its page. */
  path: string
}

const texts = { en: english, 'zh-CN': chinese }
const kinds = new Set<unknown>(['mention', 'message', 'dm', 'approval', 'task', 'review', 'test'])
const isText = (value: unknown): value is string => typeof value === 'string'

/** Reads a message of the server; undefined for anything else. */
export function parseMessage(json: string | undefined): PushMessage | undefined {
  try {
    const value: Partial<PushMessage> = JSON.parse(json ?? '')
    const { kind, by, place, text, path } = value
    if (!kind || !kinds.has(kind) || !isText(by) || !isText(place) || !isText(text) || !isText(path)) return undefined
    return { kind, by, place, text, path, locale: value.locale === 'zh-CN' ? 'zh-CN' : 'en' }
  } catch {
    // Not JSON: not from our server.
    return undefined
  }
}

/** The title and the text of a notification. Both are plain text wherever they are shown. */
export function wordsOf(message: PushMessage): { title: string; body: string } {
  const own = texts[message.locale]
  const values: Record<string, string> = { by: message.by, place: message.place || 'Nekode' }
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
  const body = message.text || (message.kind === 'test' ? own['push.testText'] : own['push.open'])
  return { title: fill(own[`push.${message.kind}`]), body }
}
