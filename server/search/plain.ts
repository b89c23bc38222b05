/** Longest text that is looked at; what follows is left as it is. */
const MOST = 20_000

/*
 * Each takes out signs of one kind and keeps what they are about. Every repetition is bounded and holds no sign that could end it, so that
 * no text takes long.
 */
const SIGNS: [pattern: RegExp, text: string][] = [
  // The lines around code, and the one below the heads of a table.
  [/^[ \t]{0,3}(?:`{3,}|~{3,})[^\n`]{0,80}$/gm, ''],
  [/^[ \t]{0,3}\|?[ \t]{0,9}:?-{3,}:?[ \t|:-]{0,300}$/gm, ''],
  // Headings, quotations, lists with or without a box to tick.
  [/^[ \t]{0,12}(?:#{1,6}[ \t]{1,9}|>[ \t]?|[-*+][ \t]{1,9}(?:\[[ xX]\][ \t])?)/gm, ''],
  [/^[ \t]{0,3}\|[ \t]{0,9}|[ \t]{0,9}\|[ \t]{0,9}$/gm, ''],
  // Pictures and links, by what they are called.
  [/!?\[([^[\]\n]{0,500})\]\((?:[^()\s]{0,1000})(?:[ \t]{1,9}"[^"\n]{0,300}")?\)/g, '$1'],
  [/<((?:https?:\/\/|mailto:)[^<>\s]{1,1000})>/g, '$1'],
  [/`{1,3}([^`\n]{1,1000})`{1,3}/g, '$1'],
  [/(?<!\\)(\*{1,3}|~~)(?=[^\s*~])([^*~\n\\]{1,1000})\1/g, '$2'],
  [/(?<![\p{L}\p{N}_])(_{1,3})(?=[^\s_])([^_\n]{1,1000})\1(?![\p{L}\p{N}_])/gu, '$2'],
  [/\\([\\`*_{}[\]()#+.!|>~-])/g, '$1'],
  [/[ \t]\|[ \t]/g, ' · '],
]

/** Markdown as it reads, without the signs that format it: for a line or two of a longer text. */
export function plainText(markdown: string): string {
  let text = markdown.slice(0, MOST)
  for (const [pattern, by] of SIGNS) text = text.replace(pattern, by)
  return text.replace(/\n{2,}/g, '\n').trim() + markdown.slice(MOST)
}
