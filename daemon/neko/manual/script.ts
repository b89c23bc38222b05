import { setTimeout as sleep } from 'node:timers/promises'
import { misuse, number, said, TOPICS, type Verb } from './verb'

/** `500ms`, `1.5`, `2s`, `1m`. */
function milliseconds(text: string): number {
  const [, value, unit = 's'] = /^(.*?\d\.?)(ms|s|m)?$/i.exec(text) ?? []
  const factor = { ms: 1, s: 1000, m: 60_000 }[unit.toLowerCase()] ?? 1000
  const ms = number('SECONDS', value ?? text) * factor
  if (ms < 0 || ms > 86_400_000) throw misuse('A pause is from 0 seconds to a day.')
  return ms
}

/** @param verbs all that there are, for `help` */
export const script = (verbs: () => readonly Verb[]): readonly Verb[] => [
  {
    name: 'sleep',
    aliases: ['wait'],
    topic: 'script',
    usage: 'SECONDS',
    about: 'Wait: 0.5, 500ms, 2s, 1m',
    words: [1, 1],
    run: async ({ signal }, [text = '']) => {
      await sleep(milliseconds(text), undefined, { signal })
    },
  },
  {
    name: 'echo',
    topic: 'script',
    usage: '"TEXT"',
    about: 'Print a line',
    words: [0, 10_000],
    run: async (_manual, words) => said(words.join(' ')),
  },
  {
    name: 'help',
    aliases: ['?'],
    topic: 'script',
    usage: '[COMMAND]',
    about: 'Show the commands, or one of them',
    words: [0, 1],
    complete: () => verbs().map(({ name }) => name),
    run: async (_manual, [name]) => {
      if (name === undefined) return said(helpText(verbs()), verbs().map(described))
      const verb = verbs().find((known) => known.name === name || known.aliases?.includes(name))
      if (!verb) throw misuse(`There is no command “${name}”.`, 'See all of them: help')
      return said(verbHelp(verb), described(verb))
    },
  },
  {
    name: 'quit',
    aliases: ['exit', 'q'],
    topic: 'script',
    usage: '',
    about: 'End',
    words: [0, 0],
    run: async (manual) => manual.quit(),
  },
]

const described = ({ name, aliases = [], topic, usage, about }: Verb) => ({ name, aliases, topic, usage, about })

const line = ({ name, usage }: Verb): string => (usage === '' ? name : `${name} ${usage}`)

/** Every command by topic, its words and what it does. */
export function helpText(verbs: readonly Verb[]): string {
  return TOPICS.map((topic) => {
    const entries = verbs.filter((verb) => verb.topic === topic)
    const width = Math.max(...entries.map((verb) => (line(verb).length > 34 ? 0 : line(verb).length)))
    const lines = entries.map((verb) => {
      const head = line(verb)
      const also = verb.aliases?.length ? ` (also ${verb.aliases.join(', ')})` : ''
      const gap = head.length > width ? `\n${' '.repeat(width + 4)}` : ' '.repeat(width - head.length + 2)
      return `  ${head}${gap}${verb.about}${also}`
    })
    return [topic, ...lines].join('\n')
  }).join('\n\n')
}

function verbHelp(verb: Verb): string {
  const also = verb.aliases?.length ? `\nalso: ${verb.aliases.join(', ')}` : ''
  return `${line(verb)}\n  ${verb.about}${also}`
}

/** What to do about a command that was written wrongly. */
export const usageOf = (verb: Verb): string => `usage: ${line(verb)}`
