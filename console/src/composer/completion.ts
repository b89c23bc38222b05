import { createMemo, createSignal, type Accessor } from 'solid-js'
import { candidates, complete, mentionAt, type Someone, type Typed } from './mentions'

interface CompletionOptions {
  people: Accessor<Someone[]>
  area: () => HTMLTextAreaElement | undefined
  setText: (text: string) => void
}

/** The list of names that opens while a mention is typed: arrows move, Enter or Tab chooses, Esc closes. */
export function createCompletion({ people, area, setText }: CompletionOptions) {
  const [typed, setTyped] = createSignal<Typed>()
  const [at, setAt] = createSignal(0)
  const found = createMemo(() => {
    const mention = typed()
    return mention ? candidates(people(), mention.query) : []
  })
  const close = () => setTyped(undefined)
  /** The text or the caret has changed. */
  const look = () => {
    const field = area()
    const caret = field && field.selectionStart === field.selectionEnd ? field.selectionStart : undefined
    setTyped(field && caret !== undefined ? mentionAt(field.value, caret) : undefined)
    setAt(0)
  }
  const choose = (someone: Someone | undefined) => {
    const mention = typed()
    const field = area()
    if (!someone || !mention || !field) return
    const done = complete(field.value, mention, someone.name)
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
    if (event.key === 'ArrowDown') setAt((at) => (at + 1) % count)
    else if (event.key === 'ArrowUp') setAt((at) => (at - 1 + count) % count)
    else if (event.key === 'Enter' || event.key === 'Tab') choose(found()[at()])
    else if (event.key === 'Escape') close()
    else return false
    return true
  }
  return { found, at, setAt, look, choose, close, key }
}
