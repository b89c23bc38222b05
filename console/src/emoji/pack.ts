import english from 'emojibase-data/en/compact.json'
import chinese from 'emojibase-data/zh/compact.json'

/** Runs while the console is built: of half a megabyte of facts about emoji a picker needs these lines, `emoji|group|name|words`. */
export function pack(language: 'en' | 'zh'): string {
  const list: typeof english = language === 'zh' ? chinese : english
  return (
    list
      // Letters of flags and skin tones alone are parts of emoji, and none of their own.
      .filter(({ group }) => group !== undefined && group !== 2)
      .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
      .map(({ unicode, group, label, tags = [] }) => [plain(unicode), group, label, tags.join(' ')].join('|'))
      .join('\n')
  )
}

/** Without the mark that asks for a picture, where a picture is shown anyhow: the same emoji is always the same text. */
const plain = (unicode: string): string =>
  /^\p{Emoji_Presentation}\uFE0F$/u.test(unicode) ? unicode.slice(0, -1) : unicode
