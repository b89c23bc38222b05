import DOMPurify from 'dompurify'
import { Marked, type Token, type Tokens } from 'marked'

/** A piece of a message: source text for the code view, or HTML that is safe to show. */
export type Block = { raw: string } & (
  { type: 'code'; language: string | undefined; text: string } | { type: 'html'; html: string }
)

export interface Names {
  /** Handles that are shown as mentions. */
  mentioned: ReadonlySet<string>
  /** The reader's own handle. */
  me: string
  /** Names of channels that are links to them. */
  channels?: ReadonlySet<string>
}

/** A `#name` as people write a channel; not one in a word, an address or a colour. */
const CHANNEL = /#([\p{L}\p{N}][\p{L}\p{N}._-]{0,79})/u

/** What may be names of channels in a text. */
export const channelsIn = (source: string): string[] =>
  [...source.matchAll(new RegExp(CHANNEL, 'gu'))].flatMap((match) => nameOf(match[1] ?? ''))

/** A sentence may end right after a name. */
const nameOf = (text: string): string => text.toLowerCase().replace(/[.-]+$/, '')

let names: Names = { mentioned: new Set(), me: '' }

const escape = (text: string) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)

/** Where a link may lead: the web, a mail, or a place in this console. */
const allowed = /^(https?:\/\/|mailto:|\/(?!\/)|#)/i

const anchor = (href: string, inner: string) =>
  allowed.test(href)
    ? `<a href="${escape(href)}" target="_blank" rel="noopener noreferrer nofollow">${inner}</a>`
    : inner

const marked = new Marked({
  gfm: true,
  breaks: true,
  extensions: [
    {
      name: 'mention',
      level: 'inline',
      start: (source) => source.match(/@[a-z0-9]/i)?.index,
      tokenizer(source, tokens) {
        const match = /^@([a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?)/i.exec(source)
        const name = match?.[1]?.toLowerCase()
        if (!match || !name || !names.mentioned.has(name)) return undefined
        // An `@` in a word, an address or a path is none.
        if (/[\p{L}\p{N}_@/.-]$/u.test(tokens.at(-1)?.raw ?? '')) return undefined
        return { type: 'mention', raw: match[0], name }
      },
      renderer: (token) =>
        `<span class="mention${token['name'] === names.me ? ' mention-me' : ''}">${escape(token.raw)}</span>`,
    },
    {
      name: 'channel',
      level: 'inline',
      start: (source) => source.match(/#[\p{L}\p{N}]/u)?.index,
      tokenizer(source, tokens) {
        const match = new RegExp(`^${CHANNEL.source}`, 'u').exec(source)
        const name = nameOf(match?.[1] ?? '')
        if (!name || !names.channels?.has(name) || this.lexer.state.inLink) return undefined
        // A `#` in a word, an address or a path is none.
        if (/[\p{L}\p{N}_@#/.&-]$/u.test(tokens.at(-1)?.raw ?? '')) return undefined
        return { type: 'channel', raw: source.slice(0, name.length + 1), name }
      },
      renderer: (token) =>
        `<a class="mention" href="/c/${encodeURIComponent(String(token['name']))}">${escape(token.raw)}</a>`,
    },
  ],
  renderer: {
    // What agents write in angle brackets is text to read; nobody formats a message with HTML.
    html: ({ text }) => escape(text),
    // A remote picture would tell its server who reads what, so it is a link until the reader follows it.
    image: ({ href, text }) => anchor(href, escape(text || href)),
    // A sign instead of a form field, which would need a label and could not be ticked.
    checkbox: ({ checked }) => `<span class="task">${checked ? '☑' : '☐'}</span> `,
    link({ href, tokens }) {
      return anchor(href, this.parser.parseInline(tokens))
    },
  },
})

const tags =
  'a p br hr em strong del code pre blockquote ul ol li span h1 h2 h3 h4 h5 h6 table thead tbody tr th td'.split(' ')

/** A second wall behind the renderer, which lets nothing through that it did not write itself. */
const sanitise = (html: string): string =>
  DOMPurify.sanitize(html, {
    ALLOWED_TAGS: tags,
    ALLOWED_ATTR: ['href', 'class', 'align', 'start', 'target', 'rel'],
    ALLOWED_URI_REGEXP: allowed,
    // Otherwise the pattern for addresses is held against every attribute.
    ADD_URI_SAFE_ATTR: ['align', 'start', 'target', 'rel'],
  })

const isCode = (token: Token): token is Tokens.Code => token.type === 'code'

/**
 * Markdown as blocks that can be shown one by one. Blocks of the same source in `before` are given back as they were, so that
 * of a text that is still growing only the last block is drawn again.
 */
export function toBlocks(source: string, given: Names, before: readonly Block[] = [], clean = sanitise): Block[] {
  names = given
  const known = new Map(before.map((block) => [block.raw, block]))
  try {
    return marked
      .lexer(source)
      .filter(({ type }) => type !== 'space' && type !== 'def')
      .map((token) => known.get(token.raw) ?? toBlock(token, clean))
  } catch {
    // Nested so deeply that the parser runs out of stack: it is shown as it was written, and nobody's page breaks.
    return [{ raw: source, type: 'code', language: undefined, text: source }]
  }
}

function toBlock(token: Token, clean: (html: string) => string): Block {
  if (!isCode(token)) return { raw: token.raw, type: 'html', html: clean(marked.parser([token])) }
  const language = token.lang?.split(/\s/)[0] || undefined
  return { raw: token.raw, type: 'code', language, text: token.text }
}
