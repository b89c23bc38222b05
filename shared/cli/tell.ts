import type { SubCommandsDef } from 'citty'

/** What a text about commands says in the program that shows it. */
export type Tell = (text: string) => string

/**
 * Commands that two programs have are written about once, as `nekode send`. In another program the commands that it has
 * go by its own name; the rest are still `nekode`’s.
 */
export const teller = ({ name, commands }: { name: string; commands: SubCommandsDef }): Tell =>
  name === 'nekode'
    ? (text) => text
    : (text) =>
        text.replace(/(?<![\w./-])nekode (?=([a-z][a-z-]*))/g, (words, verb: string) =>
          Object.hasOwn(commands, verb) ? `${name} ` : words,
        )
