import { NekodeError } from '@shared/errors'
import { clipboard } from './clipboard'
import { files } from './files'
import { wordsOf } from './line'
import { keyboard } from './keyboard'
import type { Manual } from './manual'
import { mouse } from './mouse'
import { people } from './people'
import { pictures } from './pictures'
import { room } from './room'
import { script, usageOf } from './script'
import { steer } from './steer'
import type { Verb } from './verb'

/** Every command. */
export const verbs: readonly Verb[] = [
  ...mouse,
  ...keyboard,
  ...clipboard,
  ...steer,
  ...room,
  ...pictures,
  ...files,
  ...people,
  ...script(() => verbs),
]

const byName = new Map<string, Verb>()
for (const verb of verbs) for (const name of [verb.name, ...(verb.aliases ?? [])]) byName.set(name, verb)

/** A line that names a command and has as many words as that takes. */
export interface Command {
  verb: Verb
  words: readonly string[]
}

/**
 * @returns undefined for a line that holds nothing but a comment
 * @throws NekodeError invalid `unknown_command`, `usage`, `quote_open`
 */
export function parseCommand(line: string): Command | undefined {
  const [name, ...words] = wordsOf(line)
  if (name === undefined) return undefined
  const verb = byName.get(name.toLowerCase())
  if (!verb) {
    const near = [...byName.keys()].find((known) => known.startsWith(name.toLowerCase()))
    throw new NekodeError('invalid', `There is no command “${name}”.`, {
      code: 'unknown_command',
      next: near === undefined ? 'See all of them: help' : `Did you mean “${near}”? See all of them: help`,
    })
  }
  const [least, most] = verb.words
  if (words.length < least || words.length > most) {
    const problem = words.length < least ? 'needs more than that' : 'takes no more than that'
    throw new NekodeError('invalid', `“${verb.name}” ${problem}.`, { code: 'usage', next: usageOf(verb) })
  }
  return { verb, words }
}

/** Whether a line may be kept where others could read it: it holds nothing that is typed into the remote screen, and no password. */
export function isSecret(line: string): boolean {
  const name = /^\s*(\S+)/.exec(line)?.[1]?.toLowerCase() ?? ''
  const verb = byName.get(name)
  // What is no command may be a text that was typed at the wrong place.
  return verb === undefined || verb.secret === true
}

/** What the last word of a line may become, each as the whole word. */
export function completions(line: string, manual: Manual): { found: string[]; word: string } {
  const word = /\S*$/.exec(line)?.[0] ?? ''
  const before = line
    .slice(0, line.length - word.length)
    .trim()
    .split(/\s+/)
    .filter(Boolean)
  const [name] = before
  const words = [...before.slice(1), word]
  const all =
    name === undefined ? [...byName.keys()] : (byName.get(name.toLowerCase())?.complete?.(words, manual) ?? [])
  const starts = all.filter((each) => each.startsWith(word))
  const found = starts.length > 0 ? starts : all.filter((each) => each.toLowerCase().startsWith(word.toLowerCase()))
  return { found: [...new Set(found)].toSorted(), word }
}
