import type { ClipboardContent, ClipboardText } from './machine'
import { Selection } from './x11/selection'
import type { Core } from './x11/core'
import { utf8 } from './x11/wire'
import type { XFixes } from './x11/xfixes'

const UTF8 = 'UTF8_STRING'
/** Names under which programs look for text, best first. */
const TEXTS = [UTF8, 'text/plain;charset=utf-8', 'text/plain', 'STRING']
const HTML = 'text/html'
const PNG = 'image/png'

/** What is copied and pasted on the machine. */
export class Clipboard {
  readonly #listeners = new Set<() => void>()
  readonly #stop: () => void

  private constructor(
    readonly selection: Selection,
    xfixes: XFixes,
  ) {
    this.#stop = xfixes.onSelection(selection.window, selection.atom, (owner) => {
      if (owner) for (const listener of this.#listeners) listener()
    })
  }

  static async open(core: Core, xfixes: XFixes): Promise<Clipboard> {
    return new Clipboard(await Selection.open(core, 'CLIPBOARD'), xfixes)
  }

  async read(): Promise<ClipboardText> {
    const targets = await this.selection.targets()
    const textTarget = TEXTS.find((name) => targets.includes(name))
    const text = textTarget === undefined ? undefined : await this.selection.read(textTarget)
    const html = targets.includes(HTML) ? await this.selection.read(HTML) : undefined
    return {
      ...(text ? { text: decode(text, textTarget === 'STRING' ? 'latin1' : 'utf8') } : {}),
      ...(html ? { html: decodeHtml(html) } : {}),
    }
  }

  async image(): Promise<Uint8Array | undefined> {
    const targets = await this.selection.targets()
    return targets.includes(PNG) ? this.selection.read(PNG) : undefined
  }

  async write({ text, html, png }: ClipboardContent): Promise<void> {
    const offer = new Map<string, Uint8Array>()
    if (text !== undefined) {
      for (const name of TEXTS) offer.set(name, utf8(text))
      // STRING is Latin-1 by definition; what it cannot say becomes a question mark.
      offer.set('STRING', Buffer.from(text.replace(/[^\0-\xff]/gu, '?'), 'latin1'))
    }
    if (html !== undefined) offer.set(HTML, utf8(html))
    if (png !== undefined) offer.set(PNG, png)
    await this.selection.own(offer)
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  close(): void {
    this.#stop()
    this.selection.close()
  }
}

const decode = (bytes: Uint8Array, encoding: 'utf8' | 'latin1') => Buffer.from(bytes).toString(encoding)

/** Firefox gives UTF-16 with a byte order mark, others UTF-8, some with a zero at the end. */
function decodeHtml(bytes: Uint8Array): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes).replace(/\0+$/, '')
}
