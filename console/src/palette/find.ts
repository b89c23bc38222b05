import type { Command, CommandGroup } from '../app/commands'
import { fitness } from './rank'
import { worth, type Uses } from './usage'

export interface Section {
  /** `recent`: what the reader uses, whatever it is. */
  group: CommandGroup | 'recent'
  commands: Command[]
}

const order: Section['group'][] = [
  'here',
  'recent',
  'create',
  'page',
  'conversation',
  'agent',
  'person',
  'computer',
  'preference',
  'message',
]
const mostRecent = 5
const mostOfGroup = 7

/** What the palette shows before anything is typed: what belongs to the screen, what was used lately, then the rest by kind. */
function untouched(commands: readonly Command[], uses: Uses): Section[] {
  const recent = commands
    .filter(({ id, group }) => group !== 'here' && uses[id])
    .toSorted((a, b) => worth(uses, b.id) - worth(uses, a.id))
    .slice(0, mostRecent)
  const rest = commands.filter((command) => !recent.includes(command))
  return order.flatMap((group) => {
    const list = group === 'recent' ? recent : rest.filter((command) => command.group === group).slice(0, mostOfGroup)
    return list.length > 0 ? [{ group, commands: list }] : []
  })
}

/** How well a command fits; what is used often goes before what fits as well. */
function score({ id, label, hint, words }: Command, typed: string, uses: Uses): number {
  const all = [label, hint, words].filter(Boolean).join(' ')
  const best = Math.max(
    fitness(label, typed),
    0.85 * fitness(hint ?? '', typed),
    0.8 * fitness(words ?? '', typed),
    // Words that are spread over all of it: “settings tokens”. Letters spread over all of it mean nothing.
    typed.includes(' ') ? 0.75 * fitness(all, typed) : 0,
  )
  return best === 0 ? 0 : best + 14 * (1 - 0.6 ** worth(uses, id))
}

/** What fits `typed`, in groups: the group of the best fit first, in each the best first. */
export function find(commands: readonly Command[], typed: string, uses: Uses): Section[] {
  if (!typed.trim()) return untouched(commands, uses)
  const scores = new Map(
    commands.map((command) => [command, score(command, typed.trim().replace(/^[>#@/]/, ''), uses)]),
  )
  const scoreOf = (command: Command | undefined) => (command && scores.get(command)) ?? 0
  const fits = commands.filter((command) => scoreOf(command) > 0).toSorted((a, b) => scoreOf(b) - scoreOf(a))
  return order
    .map((group) => ({ group, commands: fits.filter((one) => one.group === group).slice(0, mostOfGroup) }))
    .filter((section) => section.commands.length > 0)
    .toSorted((a, b) => scoreOf(b.commands[0]) - scoreOf(a.commands[0]))
}
