import type { SubCommandsDef } from 'citty'

/** What a text about commands says in the program that shows it. */
export type Tell = (text: string) => string

export interface Named {
  name: string
  commands: SubCommandsDef
  /** Commands that go by another name here: `{ tunnels: 'tunnel' }`. */
  renamed?: Readonly<Record<string, string>>
}

/**
 * Commands that two programs have are written about once, as `nekode send`. In another program the commands that it has
 * go by its own name; the rest are still `nekode`’s.
 */
export const teller = ({ name, commands, renamed = {} }: Named): Tell =>
  name === 'nekode'
    ? (text) => text
    : (text) =>
        text.replace(/(?<![\w./-])nekode ([a-z][a-z-]*)/g, (words, verb: string) => {
          const own = Object.hasOwn(renamed, verb) ? (renamed[verb] ?? verb) : verb
          return Object.hasOwn(commands, own) ? `${name} ${own}` : words
        })
