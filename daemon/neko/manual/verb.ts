import { NekodeError } from '@shared/errors'
import type { Point } from '../geometry'
import { BUTTONS, type Button } from '../input/input'
import type { Manual } from './manual'

/** What a command says: `text` to people, `value` to programs. */
export interface Result {
  value: unknown
  text: string
}

export const TOPICS = [
  'mouse',
  'keyboard',
  'clipboard',
  'control',
  'screen',
  'pictures',
  'files',
  'people',
  'room',
  'script',
] as const
export type Topic = (typeof TOPICS)[number]

/** A command of the manual: the first word of a line. */
export interface Verb {
  name: string
  aliases?: readonly string[]
  topic: Topic
  /** What follows the name: `X Y [button]`. */
  usage: string
  about: string
  /** Fewest and most words after the name. */
  words: readonly [least: number, most: number]
  /** Its words are typed into the remote screen, or are a password: they stay out of the history. */
  secret?: boolean
  /** What may stand where the last of these words stands. */
  complete?: (words: readonly string[], manual: Manual) => readonly string[]
  run: (manual: Manual, words: readonly string[]) => Promise<Result | void>
}

/** A line of text that is its own value. */
export const said = (text: string, value: unknown = { text }): Result => ({ value, text })

export const misuse = (message: string, next?: string): NekodeError =>
  new NekodeError('invalid', message, next === undefined ? { code: 'usage' } : { code: 'usage', next })

export function number(name: string, text: string | undefined): number {
  const value = text !== undefined && /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(value)) throw misuse(`${name} is a number, not “${text ?? ''}”.`)
  return value
}

export function whole(name: string, text: string | undefined, least: number, most: number): number {
  const value = text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most))
    throw misuse(`${name} is a whole number from ${least} to ${most}, not “${text ?? ''}”.`)
  return value
}

export function point(x: string | undefined, y: string | undefined): Point {
  return { x: number('X', x), y: number('Y', y) }
}

export function button(word: string | undefined): Button {
  const name = (word ?? 'left').toLowerCase()
  const found = buttonNames.find((known) => known === name)
  if (!found) throw misuse(`A button is ${buttonNames.join(', ')}, not “${name}”.`)
  return found
}

export const buttonNames = ['left', 'middle', 'right'] as const satisfies readonly (keyof typeof BUTTONS)[]

/** `[X Y] [button]`, in which both parts may be missing. */
export function pointAndButton(words: readonly string[]): { at: Point | undefined; button: Button } {
  const at = words.length >= 2 ? point(words[0], words[1]) : undefined
  return { at, button: button(at ? words[2] : words[0]) }
}

/** `name=value` words. @param known the names that there are */
export function pairs(words: readonly string[], known: (name: string) => boolean): [name: string, value: string][] {
  return words.map((word) => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(word) ?? []
    if (name === undefined || value === undefined) throw misuse(`“${word}” is not name=value.`)
    if (!known(name)) throw misuse(`There is nothing called “${name}” here.`)
    return [name, value]
  })
}

/** `on`, `off` and their relatives. */
export function flag(name: string, text: string): boolean {
  const value = { on: true, true: true, yes: true, 1: true, off: false, false: false, no: false, 0: false }[
    text.toLowerCase()
  ]
  if (value === undefined) throw misuse(`${name} is on or off, not “${text}”.`)
  return value
}
