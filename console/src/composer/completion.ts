import { createMemo, createSignal } from 'solid-js'
import type { Choice } from './sources'
import { replaceTyped, typedAt, type Typed } from './triggers'

interface CompletionOptions {
  find: (typed: Typed) => Choice[]
  area: () => HTMLTextAreaElement | undefined
  setText: (text: string) => void
}

/** The list that opens while a name, a channel, an emoji or a command is typed: arrows move, Enter or Tab chooses, Esc closes. */
export function createCompletion({ find, area, setText }: CompletionOptions) {
  const [typed, setTyped] = createSignal<Typed | undefined>(undefined, {
    equals: (a, b) => a?.sign === b?.sign && a?.start === b?.start && a?.query === b?.query,
  })
  const [at, setAt] = createSignal(0)
  const found = createMemo(() => {
    const what = typed()
    return what ? find(what) : []
  })
  const close = () => setTyped(undefined)
  /** The text or the caret has changed. */
  const look = () => {
    const field = area()
    const caret = field && field.selectionStart === field.selectionEnd ? field.selectionStart : undefined
    setTyped(field && caret !== undefined ? typedAt(field.value, caret) : undefined)
    setAt(0)
  }
  const choose = (choice: Choice | undefined) => {
    const what = typed()
    const field = area()
    if (!choice || !what || !field) return
    const done = replaceTyped(field.value, what, choice.insert)
    setText(done.text)
    close()
    field.focus()
    field.value = done.text
    field.setSelectionRange(done.caret, done.caret)
  }
  /** @returns whether the key belonged to the list */
  const key = (event: KeyboardEvent): boolean => {
    const count = found().length
    if (count === 0) return false
    // A command that is written out is carried out, not completed once more.
    const whole = typed()?.sign === '/' && found()[at()]?.key === typed()?.query
    if (event.key === 'ArrowDown') setAt((at) => (at + 1) % count)
    else if (event.key === 'ArrowUp') setAt((at) => (at - 1 + count) % count)
    else if (event.key === 'Tab' || (event.key === 'Enter' && !event.shiftKey && !whole)) choose(found()[at()])
    else if (event.key === 'Escape') close()
    else return false
    return true
  }
  return { found, sign: () => typed()?.sign, at, setAt, look, choose, close, key }
}

export type Completion = ReturnType<typeof createCompletion>
