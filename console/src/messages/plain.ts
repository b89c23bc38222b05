/**
 * Whether a text reads the same with and without Markdown: one line without a sign that could mean something, such as most of what people
 * write to each other. It is shown without the parser, which a page of such messages does not even load.
 */
export function isPlain(text: string): boolean {
  return !MEANING.test(text)
}

/** Signs that format, link or mention anywhere; what formats at the start of a line; addresses without a scheme. */
const MEANING = /[\\`*_[\]<>#|~&@:/\n\r\t\0]|^(?:\s|[-+=]|\d+[.)]|$)|\s$|www\./i
