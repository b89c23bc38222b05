import type { MessageRow } from '../messages/view'
import { inset, quote } from './sections'

export const hashOf = (content: string): string => new Bun.CryptoHasher('sha256').update(content).digest('hex')

const DELETED = '(a message that was deleted)'

/**
 * A prompt without what a message said in it.
 * @param texts everything that it ever said: a prompt may be older than its last edit
 */
export function withoutMessage(prompt: string, row: MessageRow, texts: readonly string[]): string {
  let left = prompt
  for (const content of texts) {
    if (content.trim() === '' && row.attachments.length === 0) continue
    const said = { ...row, content }
    // Whole entries only: a short text is the beginning of many others.
    for (const form of new Set([inset(said), quote(said)]))
      left = left.replace(new RegExp(`${RegExp.escape(form)}(?=\\n\\n|\\n---|$)`, 'g'), () => DELETED)
  }
  return left
}
