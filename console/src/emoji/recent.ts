import { createSignal } from 'solid-js'

const key = 'nekode.emoji'
const most = 24
/** What is offered before anybody has chosen. */
const usual = ['👍', '❤️', '😄', '🎉', '👀', '✅', '🚀', '🙏']

/** What this browser keeps, as far as it is a list of emoji. */
export function parseRecent(stored: string | null): string[] {
  try {
    const list: unknown = JSON.parse(stored ?? '[]')
    return Array.isArray(list)
      ? list.filter((each) => typeof each === 'string' && each.length <= 32).slice(0, most)
      : []
  } catch {
    // Not ours: it is written anew with the next choice.
    return []
  }
}

function read(): string[] {
  try {
    return parseRecent(localStorage.getItem(key))
  } catch {
    // Storage may be forbidden: the usual ones then.
    return []
  }
}

const [chosen, setChosen] = createSignal(read())

/** The latest used first, filled up with the usual ones. */
export const recentEmoji = (count: number): string[] => [...new Set([...chosen(), ...usual])].slice(0, count)

/** Remembers what was chosen, on this browser. */
export function keepEmoji(emoji: string): void {
  setChosen((list) => [emoji, ...list.filter((each) => each !== emoji)].slice(0, most))
  try {
    localStorage.setItem(key, JSON.stringify(chosen()))
  } catch {
    // Kept until the page goes.
  }
}
